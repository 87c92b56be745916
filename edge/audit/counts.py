"""What became of the audits of this gateway: counted by any thread, read by `stats`.

The law, for each kind: sent = missed + clear + dropped + open, where open are those without an
answer so far, of which some were called unanswered at their deadline.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from typing import Literal, get_args

from contract.ids import ReportId
from contract.report import Sample
from contract.verdict import Decision
from edge.audit.recall import Recall
from edge.audit.sampling import SampleKind

AuditStep = Literal["rejected", "uncovered", "sent", "dropped", "missed", "clear", "unanswered"]
"""`rejected`: motion events (quiet minutes) of which nothing was reported, `uncovered` those of
them of which none could be drawn, for the day's bytes were spent. Of the others some are `sent`,
or `dropped` because outbox or disk were full; the cloud calls them `missed` threats or `clear`;
`unanswered` had no usable answer."""

_STEPS: tuple[AuditStep, ...] = get_args(AuditStep)
_KINDS: tuple[SampleKind, ...] = get_args(SampleKind)
_KIND_OF: dict[str, SampleKind] = {kind: kind for kind in _KINDS}
_NAMES: dict[SampleKind, str] = {
    "motion": "rejected_events",
    "partly": "partly_rejected_events",
    "quiet": "quiet_minutes",
}
_STEP_OF: dict[Decision, AuditStep] = {
    "confirmed": "missed",
    "refuted": "clear",
    "inconclusive": "unanswered",
    "unconfirmed": "unanswered",
}

_OPEN = 10_000
"""Audits whose draw is remembered until they are answered or lost; more never wait in an outbox."""

_Draw = tuple[SampleKind, float]


class AuditCounts:
    """Counts since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[SampleKind, AuditStep]] = Counter()
        self._recalls: dict[SampleKind, Recall] = {kind: Recall() for kind in _KINDS}
        self._open: dict[ReportId, _Draw] = {}

    def reject(self, kind: SampleKind, *, covered: bool) -> None:
        """One more in which nothing was suspected; `covered` if it could have been drawn."""
        with self._lock:
            self._counts[kind, "rejected"] += 1
            self._counts[kind, "uncovered"] += not covered
            known = self._recalls[kind]
            self._recalls[kind] = replace(
                known,
                rejected=known.rejected + 1,
                uncovered=known.uncovered + (not covered),
            )

    def send(self, report_id: ReportId, kind: SampleKind, share: float) -> None:
        """One goes up that was drawn with the probability `share`."""
        with self._lock:
            self._counts[kind, "sent"] += 1
            self._open[report_id] = kind, share
            if len(self._open) > _OPEN:
                del self._open[next(iter(self._open))]

    def drop(self, kind: SampleKind, share: float) -> None:
        """One that was drawn does not go up."""
        with self._lock:
            self._count((kind, share), "dropped")

    def lose(self, report_id: ReportId) -> None:
        """One that was kept for delivery was given up; one of before the start is not of ours."""
        with self._lock:
            draw = self._open.pop(report_id, None)
            if draw is not None:
                self._count(draw, "dropped")

    def answer(self, report_id: ReportId, decision: Decision, sample: Sample | None) -> None:
        """What was said about one, whose report named the `sample`: it may be of before the start.
        Reports of older gateways, which did not say, count once."""
        with self._lock:
            self._open.pop(report_id, None)
            named = sample or Sample(kind="motion", share=1.0)
            kind = _KIND_OF.get(named.kind, "motion")
            self._count((kind, named.share), _STEP_OF[decision])

    def recall(self, kind: SampleKind) -> Recall:
        """What they say about the threats that were missed."""
        with self._lock:
            return self._recalls[kind]

    def as_json(self) -> dict[str, object]:
        """As `stats` says it."""
        others = {kind: self._said(kind) for kind in _KINDS if kind != "motion"}
        return self._said("motion") | others

    def _said(self, kind: SampleKind) -> dict[str, object]:
        with self._lock:
            counts: dict[str, object] = {
                _NAMES[kind] if step == "rejected" else step: self._counts[kind, step]
                for step in _STEPS
            }
        return counts | self.recall(kind).as_json()

    def _count(self, draw: _Draw, step: AuditStep) -> None:
        kind, share = draw
        self._counts[kind, step] += 1
        known = self._recalls[kind]
        if step in ("missed", "clear"):
            self._recalls[kind] = known.add_answer(share, missed=step == "missed")
        elif step in ("dropped", "unanswered"):
            self._recalls[kind] = known.add_unknown(share)
