"""What delivery stands on, in the test's hand: links that answer as told, stores, a small disk."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from objectstore.store import PermanentStoreError, Put, StoreError
from objectstore.store_dir import DirectoryStore
from service.outcomes import Delivered, Pending, PublishOutcome


class Longest(random.Random):
    """Chance at its worst: every back-off lasts as long as it may."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


@dataclass(frozen=True, slots=True)
class Sent:
    """A publication, whatever became of it."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    content_type: str | None


@dataclass
class ScriptedLink:
    """Answers at once: as `answers` say, first to last, then that everything was delivered."""

    answers: list[PublishOutcome] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    """What the test itself settles, before all `answers`."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int = 1,
        retain: bool = False,
        content_type: str | None = None,
    ) -> Pending:
        self.sent.append(Sent(topic, payload, qos, retain, content_type))
        if self.pending:
            return self.pending.pop(0)
        return Pending(self.answers.pop(0) if self.answers else Delivered())

    def on(self, topic: str) -> list[bytes]:
        """Payloads published on `topic`."""
        return [sent.payload for sent in self.sent if sent.topic == topic]


class BalkyStore(DirectoryStore):
    """A real directory that first fails as `failures` say; None lets one picture pass."""

    def __init__(self, root: Path, *failures: StoreError | None) -> None:
        super().__init__(root)
        self.failures = list(failures)
        self.kept: list[str] = []
        self.readable = self.replaceable = True
        self._folder = root

    def path(self, key: str) -> Path:
        """The file of an object, for whoever wants to damage it."""
        return self._folder / key

    def get(self, key: str, max_bytes: int) -> bytes:
        if not self.readable:
            raise PermanentStoreError("403 AccessDenied: GetObject")
        return super().get(key, max_bytes)

    def replace(self, key: str, body: bytes, content_type: str) -> None:
        if not self.replaceable:
            raise PermanentStoreError("403 AccessDenied: the object is locked")
        super().replace(key, body, content_type)

    def put_if_absent(self, key: str, body: bytes, content_type: str) -> Put:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        self.kept.append(key)
        return super().put_if_absent(key, body, content_type)
