"""The sending half of a link: bounds, acknowledgements, counters.

SHELL. `publish` never blocks and queues nothing without a connection. Used by `service.link`, which
tells it when a connection begins and ends.
"""

import threading
from collections import Counter

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from service.events import Event, log
from service.outcomes import Delivered, NotConnected, Pending, PendingTable, PublishOutcome, Refused

MAX_PENDING = 1000
MAX_PENDING_BYTES = 32_000_000
HEADROOM_BYTES = 64
"""More than the fixed header, message id and property lengths of a PUBLISH take."""


class Counts:
    """Named counters that any thread may raise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1

    def snapshot(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)


class Sender:
    """Pairs what is published with what the broker answers."""

    def __init__(self, client: mqtt.Client, name: str, counts: Counts) -> None:
        self._client = client
        self._name = name
        self._counts = counts
        self._table = PendingTable(MAX_PENDING, MAX_PENDING_BYTES)
        self._closed: str | None = "not connected yet"
        self._broker_max_bytes: int | None = None
        self._five = client.protocol == mqtt.MQTTv5
        client.on_publish = self._answered

    @property
    def generation(self) -> int:
        """Counts connections."""
        return self._table.generation

    def open(self, broker_max_bytes: int | None) -> None:
        """A connection begins; `broker_max_bytes` is its limit on a packet, if it named one."""
        self._broker_max_bytes = broker_max_bytes
        self._closed = None

    def close(self, reason: str) -> None:
        """The connection ended: nothing under way will be answered."""
        self._closed = reason
        self._table.abandon(reason)

    def publish(
        self, topic: str, payload: bytes, qos: int, retain: bool, content_type: str | None
    ) -> Pending:
        n_bytes = len(topic.encode()) + len(payload) + len(content_type or "") + HEADROOM_BYTES
        obstacle = self._obstacle(n_bytes)
        if obstacle is not None:
            return self._give_up(topic, obstacle)
        generation = self._table.generation
        info = self._client.publish(topic, payload, qos, retain, self._properties(content_type))
        if info.rc != mqtt.MQTT_ERR_SUCCESS:
            return self._give_up(topic, NotConnected(mqtt.error_string(info.rc)))
        self._counts.add("published")
        return self._table.add(info.mid, generation, topic, n_bytes)

    def _obstacle(self, n_bytes: int) -> PublishOutcome | None:
        if self._closed is not None:
            return NotConnected(self._closed)
        if self._broker_max_bytes is not None and n_bytes > self._broker_max_bytes:
            limit = self._broker_max_bytes
            return Refused(f"Packet too large: {n_bytes} bytes, the broker takes {limit}")
        if not self._table.has_room(n_bytes):
            return NotConnected("the connection is stalled: too much is waiting already")
        return None

    def _give_up(self, topic: str, outcome: PublishOutcome) -> Pending:
        if isinstance(outcome, Refused):
            self._refuse(topic, outcome)
        elif isinstance(outcome, NotConnected):
            self._counts.add("dropped")
            log(Event.PUBLICATION_DROPPED, link=self._name, topic=topic, reason=outcome.reason)
        return Pending(outcome)

    def _refuse(self, topic: str, outcome: Refused) -> None:
        self._counts.add("refused")
        log(Event.PUBLICATION_REFUSED, link=self._name, topic=topic, reason=outcome.reason)

    def _properties(self, content_type: str | None) -> Properties | None:
        if content_type is None or not self._five:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # unannotated in paho
        properties.ContentType = content_type
        return properties

    def _answered(
        self,
        _client: mqtt.Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            refused = Refused(str(reason))
            self._refuse(self._table.resolve(mid, refused) or "unknown", refused)
        else:
            self._counts.add("delivered")
            self._table.resolve(mid, Delivered(str(reason)))
