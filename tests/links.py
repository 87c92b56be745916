"""Links for tests: one that notes what arrives, with waits that end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from service.events import LogLine
from service.link import Link, LinkSettings, Publication, Subscription
from tests.servers import Broker

PATIENCE_S = 60.0
Protocol = Literal["5", "3.1.1"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as a link handed it over."""

    topic: str
    payload: bytes
    retained: bool
    ack: Callable[[], None] = field(compare=False)


class Inbox:
    """Takes what a link receives; `acks=False` leaves the acknowledging to the test."""

    def __init__(self, acks: bool = True) -> None:
        self._acks = acks
        self._arrivals: queue.Queue[Arrival] = queue.Queue()

    def __call__(self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]) -> None:
        if self._acks:
            ack()
        self._arrivals.put(Arrival(topic, payload, retained, ack))

    def next(self) -> Arrival:
        """The next message, which must come within `PATIENCE_S`."""
        return self.next_within(PATIENCE_S)

    def next_within(self, patience_s: float) -> Arrival:
        """The next message, for one that may take long."""
        return self._arrivals.get(timeout=patience_s)

    def is_empty(self) -> bool:
        return self._arrivals.empty()


def settings(broker: Broker, client_id: str, protocol: Protocol = "5") -> LinkSettings:
    """A plain connection that reconnects fast."""
    port = broker.port if protocol == "5" else broker.port_311
    return LinkSettings(
        name=client_id,
        host=broker.host,
        port=port,
        client_id=client_id,
        protocol=protocol,
        reconnect_max_s=1,
    )


def fail(error: Exception) -> None:
    """For links that must not meet an unexpected error; ends the thread with a trace."""
    raise error


@contextmanager
def running(
    chosen: LinkSettings,
    inbox: Inbox | None = None,
    filters: Sequence[str] = (),
    on_connect: Callable[[], Iterable[Publication]] = tuple,
) -> Iterator[Link]:
    """A started link, ready unless its broker is away, stopped at the end."""
    link = Link(
        replace(chosen, manual_ack=True),
        on_fatal=fail,
        on_message=inbox or Inbox(),
        subscriptions=[Subscription(filter=text) for text in filters],
        on_connect=on_connect,
    )
    link.start()
    try:
        yield link
    finally:
        link.stop(PATIENCE_S)


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Waits until `true`, for what announces itself by no event."""
    never = threading.Event()
    for _ in range(int(PATIENCE_S / 0.02)):
        if true():
            return
        never.wait(0.02)
    raise AssertionError(f"waited {PATIENCE_S} s in vain: {what}")


def wait_for_event(lines: Sequence[LogLine], event: str) -> dict[str, object]:
    """The fields of the first `event` logged, now or soon."""
    wait_until(lambda: any(line.event == event for line in tuple(lines)), f"{event} in {lines}")
    return next(line.fields for line in lines if line.event == event)
