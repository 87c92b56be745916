"""What the audit says about the threats that were missed.

PURE. The audited events are a random sample of the rejected ones, so the share of missed threats
among them estimates that among all. Only the sampling is in the interval: what the full model
cannot see in one reduced picture of an event is missed by the audit too. Called by `statements`
and by the evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.decide.wilson import Interval, wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Of `rejected` motion events `judged` were audited with an answer, `missed` with a threat."""

    rejected: int
    judged: int
    missed: int

    def rate(self) -> float | None:
        """Missed threats per rejected motion event; None before the first answer."""
        return self.missed / self.judged if self.judged else None

    def interval(self) -> Interval | None:
        """The rate's 95 % interval: Wilson's, which has a width also when nothing was missed."""
        rate = self.rate()
        return None if rate is None else wilson(rate, self.judged)

    def threats(self) -> tuple[float, Interval] | None:
        """How many of all rejected events were threats, extrapolated, with the interval. Those
        that were audited are known; the others are as the rate says."""
        rate, interval = self.rate(), self.interval()
        if rate is None or interval is None:
            return None
        others = max(0, self.rejected - self.judged)
        low, high = (self.missed + others * bound for bound in interval)
        return self.missed + others * rate, (low, high)

    def as_json(self) -> dict[str, object]:
        """As `stats` and the evaluation's report say it."""
        threats = self.threats()
        return {
            "rejected_events": self.rejected,
            "judged": self.judged,
            "missed": self.missed,
            "missed_rate": _rounded(self.rate()),
            "missed_rate_95": _both(self.interval()),
            "missed_threats": _rounded(threats[0] if threats else None),
            "missed_threats_95": _both(threats[1] if threats else None),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def _both(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(bound, 5) for bound in interval]
