"""What frames raised: stored, and only then counted and logged as raised.

SHELL. A suspicion is in the outbox, with its pictures, when `keep` returns; what cannot be stored
is counted as lost. A picture that the broker delivers again raises nothing twice. Called by the
analysis worker, on its thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto

from contract.ids import picture_id
from edge.deliver.evidence import ReportBundle, ReportOrigin, pack
from edge.deliver.outbox import Outbox
from edge.errors import OutboxError
from edge.metrics.counters import Counters
from edge.records import AlertCandidate, Duplicate, HeldMessage, Suspicion
from service.events import Event, log

MOST_TWINS = 1000
"""So often may the same bytes come under the same message id while the outbox remembers them."""


class StoreResult(Enum):
    """What became of a suspicion: durable, known by its id before, not kept."""

    NEW = auto()
    KNOWN = auto()
    FAILED = auto()


class SuspicionStore:
    """One per analysis thread; `kept` is set when the outbox has something new, which
    `raised` gets."""

    def __init__(
        self,
        outbox: Outbox,
        counters: Counters,
        kept: threading.Event,
        raised: Callable[[ReportBundle], None] = lambda _: None,
    ) -> None:
        self._outbox = outbox
        self._counters = counters
        self._kept = kept
        self._raised = raised

    def keep(
        self,
        candidates: tuple[AlertCandidate, ...],
        origin: ReportOrigin,
        held: HeldMessage | None = None,
    ) -> None:
        """Put them, and only then say and count them as raised."""
        for number, candidate in enumerate(candidates):
            kept, suspicion = (
                self._put_held(candidate, origin, held, number)
                if held
                else (self._put(candidate, origin), candidate.suspicion)
            )
            if kept is not StoreResult.NEW:
                continue
            self._counters.count(suspicion.camera, "suspicions")
            log(
                Event.SUSPICION_RAISED,
                camera=suspicion.camera,
                report_id=suspicion.report_id,
                label=suspicion.label,
                rule=suspicion.rule,
                reasons=list(suspicion.reasons),
            )

    def count_duplicates(self, duplicates: tuple[Duplicate, ...]) -> None:
        """What is not reported again is counted and logged as well."""
        for one in duplicates:
            self._counters.count(one.camera, "deduplicated")
            log(
                Event.SUSPICION_DEDUPLICATED,
                camera=one.camera,
                label=one.label,
                rule=one.rule,
                track=one.track,
                reported_before_s=round(one.since_s, 1),
            )

    def _put_held(
        self, candidate: AlertCandidate, origin: ReportOrigin, held: HeldMessage, number: int
    ) -> tuple[StoreResult, Suspicion]:
        """Under an id that follows from the picture, so that one which the broker delivers again
        raises nothing twice; with the suspicion under that id."""
        suspicion = candidate.suspicion
        for time in range(1 if held.again else MOST_TWINS):
            id_ = picture_id(
                origin.gateway, suspicion.camera, held.digest, held.message, time, number
            )
            suspicion = replace(suspicion, report_id=id_)
            kept = self._put(replace(candidate, suspicion=suspicion), origin)
            if kept is not StoreResult.KNOWN:
                return kept, suspicion
        log(Event.SUSPICION_REPEATED, camera=suspicion.camera, report_id=id_)
        return StoreResult.KNOWN, suspicion

    def _put(self, candidate: AlertCandidate, origin: ReportOrigin) -> StoreResult:
        try:
            bundle = pack(candidate, origin)
            new = self._outbox.put(bundle)
        except OutboxError as error:
            suspicion = candidate.suspicion
            self._counters.count(suspicion.camera, "lost")
            log(
                Event.SUSPICION_LOST,
                camera=suspicion.camera,
                report_id=suspicion.report_id,
                reason=str(error),
            )
            return StoreResult.FAILED
        self._kept.set()
        if not new:
            return StoreResult.KNOWN
        self._raised(bundle)
        return StoreResult.NEW
