"""Listening in: what gateway and cloud say, from the network thread into a bounded inbox.

SHELL. Called by `run`, which empties the inbox on the main thread.
"""

from __future__ import annotations

import http.client
import queue
from collections.abc import Callable, Iterator

from contract.ids import GatewayId
from contract.topics import DEFAULT_ROOT
from service.link import Link, LinkSettings, Subscription
from tools.demo.local.collector import ReceivedMessage
from tools.demo.local.config import HOST, LocalBroker

MAX_INBOX = 10_000
"""Messages: the main thread empties it every second."""
HEALTH_TIMEOUT_S = 2.0


class GatewayListener:
    """A connection that hears everything one gateway and its workers say."""

    def __init__(self, broker: LocalBroker, gateway: GatewayId) -> None:
        self._inbox: queue.Queue[ReceivedMessage] = queue.Queue(MAX_INBOX)
        self.lost = 0
        self.failure: Exception | None = None
        self.link = Link(
            LinkSettings(
                name="board", host=broker.host, port=broker.port, client_id=f"board-{gateway}"
            ),
            on_fatal=self._fail,
            on_message=self._hear,
            subscriptions=(Subscription(filter=f"{DEFAULT_ROOT}/{gateway}/#"),),
        )

    def heard(self) -> Iterator[ReceivedMessage]:
        """What arrived since the last time, in order."""
        while True:
            try:
                yield self._inbox.get_nowait()
            except queue.Empty:
                return

    def _hear(self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]) -> None:
        ack()
        try:
            self._inbox.put_nowait(ReceivedMessage(topic, payload, retained))
        except queue.Full:
            self.lost += 1

    def _fail(self, error: Exception) -> None:
        self.failure = error


def is_healthy(port: int) -> bool:
    """Whether a part of ours answers 200 on its `/healthz`."""
    connection = http.client.HTTPConnection(HOST, port, timeout=HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
