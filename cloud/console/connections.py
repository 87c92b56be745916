"""Connections that say nothing, or too little at a time, give way to others.

SHELL (asyncio). The server has a keep-alive timeout, and answers 503 where all its connections are
taken; it waits for a request without end, and asks nobody how many he holds. Here a request must be
whole within `REQUEST_S`, and one address holds `MOST_OF_ADDRESS` connections, all together `MOST`:
of those that are being waited for the one that waits longest is closed. Used by `command`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_S = 20.0
"""From the first byte, or from the end of the answer before, to the last one of a request."""

MOST_OF_ADDRESS = 100
"""People behind one address share it; a browser opens six."""

MOST = 800
"""Of all; the server's own limit is above it."""

HANDSHAKE_S = 10.0
"""For TLS, before there is a connection in the sense of this module."""


class BoundedConnection(H11Protocol):
    """One connection of a browser."""

    _deadline: asyncio.TimerHandle | None = None
    _waits_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as there
        super().connection_made(transport)
        self._wait()
        others = [one for one in self.connections if isinstance(one, BoundedConnection)]
        if not is_among(self._address, _proxies(self.config.forwarded_allow_ips)):
            own = [one for one in others if one._address == self._address]
            _make_room(own, MOST_OF_ADDRESS)
        _make_room(others, MOST)

    def handle_events(self) -> None:
        super().handle_events()
        if not self._is_waiting:
            self._stop_waiting()
        elif self._deadline is None:
            self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_waiting and not self.transport.is_closing():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def _is_waiting(self) -> bool:
        """For a request, or for the rest of it."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    @property
    def _address(self) -> str:
        return "" if self.client is None else self.client[0]

    def _wait(self) -> None:
        self._stop_waiting()
        self._waits_since = self.loop.time()
        self._deadline = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_way(self) -> None:
        self.connections.discard(self)
        self.transport.abort()


def _make_room(held: list[BoundedConnection], most: int) -> None:
    """Of `held`, of which the last that came is one; it goes itself where nobody else waits."""
    if len(held) > most:
        waiting = [one for one in held if one._is_waiting]
        min(waiting, key=lambda one: one._waits_since)._give_way()


def is_among(address: str, places: Iterable[str]) -> bool:
    """Whether it is one of `places`: addresses, networks, or `*` for all."""
    return any(place in ("*", address) or _is_within(address, place) for place in places)


def _is_within(address: str, network: str) -> bool:
    try:
        found = ip_address(address)
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return found in ip_network(network, strict=False)
    except ValueError:  # a name, or a socket without an address
        return False


def _proxies(allowed: str | list[str] | None) -> Iterable[str]:
    """Theirs are the connections of all who come through them; they bound them by themselves."""
    return allowed if isinstance(allowed, list) else ()


class ConsoleLoop(asyncio.SelectorEventLoop):
    """Ends a TLS handshake that takes too long; the server passes no limit on."""

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        if options.get("ssl") is not None:
            options.setdefault("ssl_handshake_timeout", HANDSHAKE_S)
        return await super().create_server(*args, **options)
