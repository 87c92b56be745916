"""Connections of the mail server: bounded in number, and each in the time until it speaks.

SHELL, on aiosmtpd's loop. aiosmtpd takes as many as come, and lets each take a minute to begin TLS:
one stranger would have all the files that the process may open, and no camera could be asked any
more. Called by `smtp`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from bridge.uploads.refusals import log_too_many_connections

BUSY = b"421 4.7.0 too many connections, try again\r\n"


class Places:
    """How many connections there may be, and of one host a quarter of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_of_one = max(2, most // 4)
        self._hosts: Counter[str] = Counter()

    def take(self, host: str) -> bool:
        if self._hosts.total() >= self._most or self._hosts[host] >= self._most_of_one:
            return False
        self._hosts[host] += 1
        return True

    def leave(self, host: str) -> None:
        self._hosts[host] -= 1
        if self._hosts[host] <= 0:
            del self._hosts[host]


class BoundedController(Controller):
    """aiosmtpd's, which lets `places` in; with an `ssl_context` it is TLS from the first byte."""

    def __init__(self, handler: object, places: Places, idle_s: float, **parameters: Any) -> None:
        super().__init__(handler, timeout=idle_s, **parameters)
        self.places = places
        self.idle_s = idle_s

    def factory(self) -> SMTP:
        return _Smtp(self.handler, **self.SMTP_kwargs)

    def connection(self) -> SMTP:
        """What speaks on a new connection."""
        return cast(SMTP, self._factory_invoker())

    def _create_server(self) -> Coroutine[Any, Any, asyncio.AbstractServer]:
        return self.loop.create_server(lambda: _Gate(self), host=self.hostname, port=self.port)


class _Smtp(SMTP):
    """Says when its connection is over, whether or not it ever spoke."""

    over: Callable[[], None] | None = None

    def connection_lost(self, error: Exception | None) -> None:
        self.leave()
        if self.session is not None:
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self.session is not None else False

    def leave(self) -> None:
        """Once, however often it is called."""
        over, self.over = self.over, None
        if over is not None:
            over()


class _Gate(asyncio.Protocol):
    """A connection until somebody speaks on it."""

    def __init__(self, controller: BoundedController) -> None:
        self._controller = controller
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        host = str((transport.get_extra_info("peername") or ("unknown",))[0])
        if not self._controller.places.take(host):
            log_too_many_connections("mail", host)
            self._refuse(cast(asyncio.Transport, transport))
            return
        smtp = self._controller.connection()
        if isinstance(smtp, _Smtp):
            smtp.over = partial(self._controller.places.leave, host)
        if self._controller.ssl_context is None:
            cast(asyncio.Transport, transport).set_protocol(smtp)
            smtp.connection_made(transport)
        else:
            encrypting = self._encrypt(
                cast(asyncio.Transport, transport), cast(_Smtp, smtp), self._controller.ssl_context
            )
            self._task = self._controller.loop.create_task(encrypting)

    def _refuse(self, transport: asyncio.Transport) -> None:
        if self._controller.ssl_context is None:
            transport.write(BUSY)
            transport.close()
        else:
            transport.abort()

    async def _encrypt(
        self, transport: asyncio.Transport, smtp: _Smtp, context: ssl.SSLContext
    ) -> None:
        try:
            encrypted = await self._controller.loop.start_tls(
                transport,
                smtp,
                context,
                server_side=True,
                ssl_handshake_timeout=self._controller.idle_s,
            )
        except OSError:  # no TLS, none that we speak, or none in time
            smtp.leave()
            return
        if smtp.over is not None and encrypted is not None:
            smtp.connection_made(encrypted)
