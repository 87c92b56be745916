"""What became of the audits of this gateway: counted by any thread, read by `stats`.

The law: sent = missed + clear + open, where open are those without an answer so far, of which some
were called unanswered at their deadline.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Literal, get_args

from contract.verdict import Decision
from edge.decide.recall import Recall

AuditStep = Literal["rejected_events", "sent", "dropped", "missed", "clear", "unanswered"]
"""`rejected_events`: motion events in which nothing was suspected. Of these some are `sent`, or
`dropped` because the day's bytes or the outbox were full; the cloud calls them `missed` threats or
`clear`; `unanswered` had no usable answer."""

_STEPS: tuple[AuditStep, ...] = get_args(AuditStep)
_STEP_OF: dict[Decision, AuditStep] = {
    "confirmed": "missed",
    "refuted": "clear",
    "inconclusive": "unanswered",
    "unconfirmed": "unanswered",
}


class AuditCounts:
    """Counts since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[AuditStep] = Counter()

    def count(self, what: AuditStep) -> None:
        """One more of `what`."""
        with self._lock:
            self._counts[what] += 1

    def answer(self, decision: Decision) -> None:
        """What was said about one that was sent."""
        self.count(_STEP_OF[decision])

    def recall(self) -> Recall:
        """What they say about the threats that were missed."""
        with self._lock:
            missed, clear = self._counts["missed"], self._counts["clear"]
            rejected = self._counts["rejected_events"]
        return Recall(rejected=rejected, judged=missed + clear, missed=missed)

    def as_json(self) -> dict[str, object]:
        """As `stats` says it."""
        with self._lock:
            counts: dict[str, object] = {step: self._counts[step] for step in _STEPS}
        return counts | self.recall().as_json()
