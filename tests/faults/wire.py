"""What a client published and what its broker acknowledged, read off the wire by a proxy's tap.

An ear hears only what comes while it is connected; where the broker itself is killed, this is who
counts. Of QoS 1 nobody can ask that a message whose acknowledgement was lost is not sent again, but
one that was acknowledged must not be. MQTT 5 and 3.1.1, as far as CONNECT, PUBLISH and PUBACK go.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from contract.cloudevent import MessageError, read_report
from contract.verdict import Verdict
from tests.faults.layout import Told
from tests.faults.proxy import Way
from tests.system.sites import answer_of

_CONNECT, _PUBLISH, _PUBACK = 1, 3, 4


@dataclass(slots=True)
class Sent:
    """A PUBLISH of the client; `acked` once its broker's word has passed to it. Numbers say in what
    order both happened on the wire."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    sent_no: int
    acked_no: int | None = None

    @property
    def acked(self) -> bool:
        return self.acked_no is not None


@dataclass(slots=True)
class _Stream:
    """One connection: bytes not yet read on each way, and what is under way."""

    rest: dict[Way, bytes] = field(default_factory=lambda: {"up": b"", "down": b""})
    five: bool = True
    flying: dict[int, Sent] = field(default_factory=dict)


class Wire:
    """A tap; see `tests.faults.proxy.Tap`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: dict[int, _Stream] = {}
        self._sent: list[Sent] = []
        self._numbers = count()

    def __call__(self, connection: int, way: Way, chunk: bytes) -> None:
        with self._lock:
            if not chunk:
                self._streams.pop(connection, None)
                return
            stream = self._streams.setdefault(connection, _Stream())
            stream.rest[way] += chunk
            for kind, body in _packets(stream, way):
                self._take(stream, way, kind, body)

    def sent(self, last_level: str) -> list[Sent]:
        """What was published on topics that end so."""
        with self._lock:
            return [one for one in self._sent if one.topic.endswith(f"/{last_level}")]

    def verdicts(self) -> set[Told]:
        """Each decision on each report that the broker has acknowledged."""
        return {told for told, one in self._told() if one.acked}

    def again(self) -> Counter[Told]:
        """How often a decision was published though the broker had acknowledged it before."""
        acked: dict[Told, int] = {}
        found: Counter[Told] = Counter()
        for told, one in self._told():
            found[told] += acked.get(told, one.sent_no) < one.sent_no
            if one.acked_no is not None:
                acked[told] = min(one.acked_no, acked.get(told, one.acked_no))
        return +found

    def reports(self) -> set[str]:
        """The reports that the broker has acknowledged."""
        return {read_report(one.payload).report_id for one in self.sent("suspect") if one.acked}

    def _told(self) -> Iterator[tuple[Told, Sent]]:
        """Verdicts in the order in which they were sent."""
        for one in self.sent("verdict"):
            answer = _answer(one.payload)
            if isinstance(answer, Verdict):
                yield (answer.report_id, answer.decision), one

    def _take(self, stream: _Stream, way: Way, kind: int, body: bytes) -> None:
        if way == "up" and kind >> 4 == _CONNECT:
            stream.five = body[6] == 5
        elif way == "up" and kind >> 4 == _PUBLISH:
            self._sent.append(_publish(stream, kind, body, next(self._numbers)))
        elif way == "down" and kind >> 4 == _PUBACK:
            flying = stream.flying.pop(int.from_bytes(body[:2], "big"), None)
            if flying is not None and (len(body) < 3 or body[2] < 0x80):
                flying.acked_no = next(self._numbers)


def _answer(payload: bytes) -> object:
    try:
        return answer_of(payload)
    except MessageError:
        return None


def _publish(stream: _Stream, kind: int, body: bytes, number: int) -> Sent:
    length = int.from_bytes(body[:2], "big")
    topic, at, qos = body[2 : 2 + length].decode(), 2 + length, kind >> 1 & 3
    mid = int.from_bytes(body[at : at + 2], "big")
    at += 2 if qos else 0
    if stream.five:
        properties, size = _varint(body, at) or (0, 1)
        at += size + properties
    sent = Sent(topic, body[at:], qos, bool(kind & 1), number, None if qos else number)
    if qos:
        stream.flying[mid] = sent
    return sent


def _packets(stream: _Stream, way: Way) -> Iterator[tuple[int, bytes]]:
    """The first byte and the body of each packet that is complete."""
    while len(stream.rest[way]) >= 2:
        found = _varint(stream.rest[way], 1)
        if found is None:
            return
        length, size = found
        end = 1 + size + length
        if len(stream.rest[way]) < end:
            return
        kind, body = stream.rest[way][0], stream.rest[way][1 + size : end]
        stream.rest[way] = stream.rest[way][end:]
        yield kind, body


def _varint(data: bytes, at: int) -> tuple[int, int] | None:
    """A variable byte integer and how many bytes it takes; None if it is not complete."""
    value = 0
    for size in range(4):
        if at + size >= len(data):
            return None
        value |= (data[at + size] & 0x7F) << 7 * size
        if not data[at + size] & 0x80:
            return value, size + 1
    raise ValueError("no MQTT")
