"""A connection to the cloud's broker that begins when everything is known that is retained there.

SHELL. A session of its own, that nothing waits for. Called by `manage.fleet_link` and
`fleet.listening`, which say what they make of the messages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from cloud.broker.connection import link_settings
from cloud.confirm.offline import CannotRun
from cloud.settings import Settings
from service.clock import Clock
from service.link import Link, LinkError, Receipt, Subscription

CONNECT_S = 15.0
_LONGEST_S = 120.0
_STOP_S = 5.0

Heard = Callable[[str, bytes], None]


class RetainedLink:
    """`heard` is called with topic and payload under `changed`, which is notified afterwards."""

    def __init__(
        self, settings: Settings, name: str, filters: Iterable[str], heard: Heard, clock: Clock
    ) -> None:
        """`name` stands in the log and, with something by chance, for the client id, unless that
        is set. Raises `CannotRun`."""
        self.changed = threading.Condition()
        self._heard, self._clock, self._last_s = heard, clock, clock.mono()
        try:
            own = replace(link_settings(settings, name), name=name, reconnect_max_s=5.0)
        except LinkError as error:
            raise CannotRun(str(error)) from error
        self._where = f"{own.host}:{own.port}"
        self.link = Link(
            own,
            on_fatal=lambda _error: None,
            on_message=self._take,
            # QoS 0: Mosquitto drops what is beyond 1,000 queued messages of QoS 1, retained or not
            subscriptions=[Subscription(filter=one, qos=0) for one in filters],
            clock=clock,
        )

    def start(self, quiet_s: float) -> None:
        """Raises `CannotRun` without a broker. A broker does not say when it has sent all that is
        retained: it is taken to be all once nothing retained came for `quiet_s`, whatever is
        published meanwhile."""
        self.link.start()
        if not self.link.wait_ready(CONNECT_S):
            reason = self.link.state().reason
            self.stop()
            raise CannotRun(f"broker {self._where}: {reason}")
        with self.changed:
            self._last_s = self._clock.mono()
            until_s = self._last_s + _LONGEST_S
            while (left_s := min(self._last_s + quiet_s, until_s) - self._clock.mono()) > 0:
                self.changed.wait(left_s)

    def stop(self) -> None:
        """Ends the connection."""
        self.link.stop(_STOP_S)

    def _take(self, topic: str, payload: bytes, retained: bool, ack: Receipt) -> None:
        ack()
        with self.changed:
            if retained:
                self._last_s = self._clock.mono()
            self._heard(topic, payload)
            self.changed.notify_all()
