"""The receiving half of a link: what arrives is checked, handed on, and acknowledged in order.

SHELL. Used by `service.link`, whose subscriptions ask for QoS 1 at most. With manual
acknowledgement the one who took a message says when the broker may forget it. MQTT wants
acknowledgements in the order of the messages [MQTT-4.6.0-2], so one that comes early waits for
those before it; the broker's window (receive maximum) bounds how many there are.
"""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable

import paho.mqtt.client as mqtt

from service.events import Event, log
from service.link_settings import LinkSettings
from service.sender import Counts


class Receipt:
    """Acknowledges one message when called, from any thread; later calls change nothing.

    `again`: the broker sent it before and had no acknowledgement, so it may have been taken. After
    a reconnect a call is ignored, for the broker sends the message again.
    """

    __slots__ = ("_acknowledge", "again", "given", "mid")

    def __init__(self, mid: int, again: bool, acknowledge: Callable[[Receipt], None]) -> None:
        self.mid = mid
        self.again = again
        self.given = False
        self._acknowledge = acknowledge

    def __call__(self) -> None:
        self._acknowledge(self)


OnMessage = Callable[[str, bytes, bool, Receipt], None]
"""`(topic, payload, retained, ack)` on the network thread: be quick, never wait for this link.

`ack` does something only with manual acknowledgement and QoS 1.
"""


class Receiver:
    """Checks and hands on; no payload may be larger than `max_packet_bytes`."""

    def __init__(
        self,
        client: mqtt.Client,
        settings: LinkSettings,
        counts: Counts,
        on_message: OnMessage,
    ) -> None:
        self._client = client
        self._name = settings.name
        self._counts = counts
        self._on_message = on_message
        self._max_bytes = settings.max_packet_bytes
        self._manual_ack = settings.manual_ack
        self._lock = threading.Lock()
        self._open: deque[Receipt] = deque()
        client.on_message = self._received

    def forget(self) -> None:
        """The connection is over: what was not acknowledged comes again."""
        with self._lock:
            for receipt in self._open:
                receipt.given = True
            self._open.clear()

    def _received(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        receipt = Receipt(message.mid, bool(message.dup), self._acknowledge)
        if self._manual_ack and message.qos == 1:
            with self._lock:
                self._open.append(receipt)
        else:
            receipt.given = True
        unusable = self._unusable(message)
        if unusable is None:
            self._counts.add("received")
            self._hand_on(message, receipt)
        else:
            self._counts.add(unusable)
            log(
                Event.MESSAGE_REFUSED,
                link=self._name,
                reason=unusable,
                bytes=len(message.payload),
            )
            receipt()

    def _hand_on(self, message: mqtt.MQTTMessage, receipt: Receipt) -> None:
        """To whoever listens. A message that is the death of its reader must not come again: it is
        counted and acknowledged, and the ones behind it are read."""
        try:
            self._on_message(message.topic, bytes(message.payload), message.retain, receipt)
        except Exception:  # noqa: BLE001, the paho rim: whatever it is, the broker would repeat it
            self._counts.add("failed")
            trace = traceback.format_exc(limit=-8)
            size = len(message.payload)
            log(Event.MESSAGE_FAILED, link=self._name, topic=message.topic, bytes=size, error=trace)
            receipt()

    def _acknowledge(self, receipt: Receipt) -> None:
        with self._lock:
            receipt.given = True
            while self._open and self._open[0].given:
                self._client.ack(self._open.popleft().mid, 1)

    def _unusable(self, message: mqtt.MQTTMessage) -> str | None:
        try:
            _ = message.topic
        except UnicodeDecodeError:  # some brokers forward what the standard forbids
            return "malformed"
        return "oversize" if len(message.payload) > self._max_bytes else None
