"""How updates ended: for health, `info` and Prometheus (`metrics`).

SHELL, though it opens nothing. Any thread may ask. Filled by `updater`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from contract.envelope import RefusalReason
from contract.topics import UpdateKind
from edge.health.gateway_health import NOTED_S
from edge.health.reasons import HealthReason, Problem
from edge.update.machine import ENDS, UpdateStage
from edge.update.store import UpdateRecord
from service.clock import Clock
from service.redact import redacted

_LONGEST = 500

_REASONS = {
    UpdateStage.REJECTED: HealthReason.UPDATE_REJECTED,
    UpdateStage.ROLLED_BACK: HealthReason.UPDATE_ROLLED_BACK,
}


class Outcomes:
    """What this run has seen of the orders of one kind."""

    def __init__(self, kind: UpdateKind, clock: Clock) -> None:
        self.kind, self._clock = kind, clock
        self._ended: Counter[UpdateStage] = Counter()
        self._refused_at_s, self._words = -math.inf, ""

    def count(self, state: UpdateStage) -> None:
        """An order that was verified ended so."""
        self._ended[state] += 1

    def refuse(self, refusal: str, detail: str) -> None:
        """An order was refused before it was believed; one for others is nobody's fault."""
        self._ended[UpdateStage.REJECTED] += 1
        if refusal != RefusalReason.NOT_FOR_US.value:
            self._refused_at_s = self._clock.mono()
            self._words = f"{refusal}: {detail}"[:_LONGEST]

    def believed(self) -> None:
        """A good order came: earlier ones are past."""
        self._refused_at_s = -math.inf

    def problems(self, record: UpdateRecord) -> Iterator[Problem]:
        """The latest order did not come into force, or not for good; or one was not believed."""
        attempt = record.attempt
        if attempt is not None and attempt.state in _REASONS:
            words = f"version {attempt.version}: {'; '.join(attempt.reasons)}"[:_LONGEST]
            yield Problem(reason=_REASONS[attempt.state], subject=self.kind, detail=words)
        elif self._clock.mono() - self._refused_at_s < NOTED_S:
            reason = HealthReason.UPDATE_REJECTED
            yield Problem(reason=reason, subject=self.kind, detail=self._words)

    def counts(self) -> dict[str, int]:
        """Ended in this run, by state."""
        return {state.value: self._ended[state] for state in sorted(ENDS)}


def facts(config: UpdateRecord, model: UpdateRecord) -> dict[str, object]:
    """For `info`: version and digest of the orders in force; None: the gateway's own file. Of the
    latest order how far it came and why it was given, and what recent frames said of it, without
    examples."""
    of_config, of_model = config.in_force, model.in_force
    return {
        "update_version": None if of_config is None else of_config.version,
        "update_digest": None if of_config is None else of_config.digest,
        "model_update_version": None if of_model is None else of_model.version,
        "model_update_digest": None if of_model is None else of_model.digest,
        "update_shadow": _shadow(config),
        "model_update_shadow": _shadow(model),
        **{f"update_{name}": value for name, value in _latest(config).items()},
        **{f"model_update_{name}": value for name, value in _latest(model).items()},
    }


def _latest(record: UpdateRecord) -> dict[str, object]:
    attempt = record.attempt
    if attempt is None:
        return {"ordered": None, "state": None, "reason": None}
    reason = redacted(attempt.reason)[:_LONGEST]
    return {"ordered": attempt.version, "state": attempt.state.value, "reason": reason}


def _shadow(record: UpdateRecord) -> dict[str, object] | None:
    attempt = record.attempt
    if attempt is None or attempt.shadow is None:
        return None
    found = attempt.shadow.model_dump(mode="json", exclude={"examples"})
    return {"version": attempt.version} | found
