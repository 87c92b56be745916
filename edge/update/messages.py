"""What the gateway says of updates: `reported` is how far the latest came, `rejected` is what was
refused or rolled back, and why. Both are retained, at the brokers of site and cloud.

PURE but for the record of a publication, which is the link's. Called by `updater`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from contract.envelope import Refusal, read_envelope
from contract.topics import Topics, UpdateKind
from contract.update import digest_of
from contract.update_state import Effective, UpdateState
from edge.update.machine import UpdateStage
from edge.update.store import Attempt, UpdateRecord
from service.link import Publication
from service.redact import redacted

MOST_REASONS, LONGEST_REASON = 32, 1000
"""Characters; a message stays far below what a broker takes."""


class UpdateMessages:
    """The two retained messages of one kind, as they stand now."""

    def __init__(self, topics: Topics, kind: UpdateKind) -> None:
        self._kind = kind
        self._reported = topics.of_update(kind, "reported")
        self._rejected = topics.of_update(kind, "rejected")
        self._last_rejected: bytes | None = None

    def standing(self, record: UpdateRecord, digest: str) -> Iterator[Publication]:
        """What must stand at a broker after a connect, as it is now: the network threads ask. What
        was refused before it was believed is known only to the run that refused it."""
        said = self._of_record(record, digest)
        if self._last_rejected is not None:
            said[self._rejected] = self._last_rejected
        for topic, payload in said.items():
            yield Publication(topic=topic, payload=payload)

    def advanced(self, record: UpdateRecord, digest: str) -> tuple[Publication, ...]:
        """The latest order came to another state; `digest` is of the configuration that runs."""
        said = self._of_record(record, digest)
        if record.attempt is not None and record.attempt.state is UpdateStage.APPLIED:
            said[self._rejected] = b""
        self._last_rejected = said.get(self._rejected, self._last_rejected)
        return tuple(Publication(topic=topic, payload=one) for topic, one in said.items())

    def _of_record(self, record: UpdateRecord, digest: str) -> dict[str, bytes]:
        """Payloads by topic."""
        attempt, applied = record.attempt, record.applied
        effective, said = effective_of(record, digest), dict[str, bytes]()
        if attempt is None:
            return said
        if attempt.state in (UpdateStage.REJECTED, UpdateStage.ROLLED_BACK):
            said[self._rejected] = self._state_of(attempt, effective)
            if applied is not None:
                still = Attempt.of_applied(applied, attempt.at)
                said[self._reported] = self._state_of(still, effective)
            elif attempt.state is UpdateStage.ROLLED_BACK:
                said[self._reported] = self._state_of(attempt, effective)
        else:
            said[self._reported] = self._state_of(attempt, effective)
        return said

    def refused(
        self, content: bytes, refusal: str, detail: str, at: datetime, effective: Effective
    ) -> Publication:
        """An order was refused before it was believed."""
        envelope = read_envelope(content)
        said = UpdateState(
            kind=self._kind,
            digest=None if isinstance(envelope, Refusal) else digest_of(envelope.payload),
            state=UpdateStage.REJECTED.value,
            refusal=refusal,
            reasons=worded((detail,)),
            at=at,
            effective=effective,
        )
        self._last_rejected = payload = _written(said)
        return Publication(topic=self._rejected, payload=payload)

    def _state_of(self, attempt: Attempt, effective: Effective) -> bytes:
        return _written(
            UpdateState(
                kind=self._kind,
                version=attempt.version,
                digest=attempt.digest,
                state=attempt.state.value,
                refusal=attempt.refusal or None,
                reasons=attempt.reasons,
                at=attempt.at,
                shadow=attempt.shadow,
                effective=effective,
            )
        )


def _written(said: UpdateState) -> bytes:
    return said.model_dump_json(exclude_none=True).encode()


def effective_of(record: UpdateRecord, digest: str) -> Effective:
    """What the gateway runs with."""
    in_force = record.in_force
    return Effective(version=None if in_force is None else in_force.version, digest=digest)


def worded(reasons: Sequence[str]) -> tuple[str, ...]:
    """Fit to be sent: no secret, no half characters, not too many, not too long."""
    texts = (redacted(one.encode("utf-8", "replace").decode()) for one in reasons[:MOST_REASONS])
    return tuple(one[:LONGEST_REASON] for one in texts)
