"""Where a report is on its way, reported by whoever carries it to whoever follows it.

PURE. A self-test follows its own report (`edge.self_test.runner`); nobody follows the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from contract.ids import ReportId
from contract.verdict import Verdict

Hop = Literal[
    "admitted",
    "queued",
    "stored",
    "reported",
    "received",
    "fetched",
    "decided",
    "answered",
    "notified",
]
"""admitted: the picture passed the checks. queued: the suspicion is durable. stored: its evidence
is in the object store. reported: the broker has the report. received, fetched, decided: a worker
had the report, its evidence and a verdict. answered: the verdict is here. notified: so is each
destination."""


class DeliveryTrace(Protocol):
    """Quick, from any thread, and of any report."""

    def reached(self, report: ReportId, hop: Hop, of: str = "") -> None:
        """It passed a hop; `of` is the destination, if the hop is one's."""
        ...

    def held_up(
        self, report: ReportId, hop: Hop, why: str, of: str = "", *, final: bool = False
    ) -> None:
        """It did not pass a hop, and why; `final`: nobody will try again."""
        ...

    def decided(self, verdict: Verdict, to: Sequence[str]) -> None:
        """The verdict on it is recorded, for the destinations `to`."""
        ...


class NoTrace:
    """Nobody wants to know."""

    def reached(self, report: ReportId, hop: Hop, of: str = "") -> None:
        """Nothing."""

    def held_up(
        self, report: ReportId, hop: Hop, why: str, of: str = "", *, final: bool = False
    ) -> None:
        """Nothing."""

    def decided(self, verdict: Verdict, to: Sequence[str]) -> None:
        """Nothing."""


NO_TRACE = NoTrace()
