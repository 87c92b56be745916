"""What the audit says about the threats that were missed.

PURE. The audited are a random sample of the rejected, so the share of missed threats among them,
each weighted by one over the probability of its draw, estimates that among all (Horvitz and
Thompson 1952, as a ratio). The interval is Wilson's, for as many cases as equal weights would need
for the same variance (Kish 1965: the sum of the weights, squared, over the sum of their squares).
It holds for a random sample; so what was drawn and has no answer, which may be no matter of chance,
is counted as clear for the lower bound and as missed for the upper. What the full model cannot see
is missed by the audit too. Called by `counts` and by the evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from service.intervals import Interval, wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedCount:
    """Cases: how many, the sum of their weights, and of the weights' squares."""

    count: int = 0
    weight: float = 0.0
    squares: float = 0.0

    def with_draw(self, share: float) -> WeightedCount:
        """With one that was drawn with the probability `share`."""
        weight = 1 / share
        return WeightedCount(
            count=self.count + 1,
            weight=self.weight + weight,
            squares=self.squares + weight * weight,
        )

    def __add__(self, other: WeightedCount) -> WeightedCount:
        return WeightedCount(
            count=self.count + other.count,
            weight=self.weight + other.weight,
            squares=self.squares + other.squares,
        )

    @property
    def cases(self) -> float:
        """As many with equal weights would say as much."""
        return self.weight * self.weight / self.squares if self.squares else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Of `rejected` motion events (or quiet minutes) `answered` were audited with an answer, among
    them `missed` with a threat; `unknown` were drawn and have no answer; of the `uncovered` none
    could be drawn."""

    rejected: int = 0
    uncovered: int = 0
    answered: WeightedCount = WeightedCount()
    missed: WeightedCount = WeightedCount()
    unknown: WeightedCount = WeightedCount()

    def add_answer(self, share: float, *, missed: bool) -> Recall:
        """With the answer about one that was drawn with the probability `share`."""
        known = replace(self, answered=self.answered.with_draw(share))
        return replace(known, missed=self.missed.with_draw(share)) if missed else known

    def add_unknown(self, share: float) -> Recall:
        """With one that was drawn so and has no answer."""
        return replace(self, unknown=self.unknown.with_draw(share))

    def rate(self) -> float | None:
        """Missed threats per rejected motion event; None before the first answer."""
        answered = self.answered.weight
        return min(1.0, self.missed.weight / answered) if answered else None

    def interval(self) -> Interval | None:
        """The rate's 95 % interval, wider by what is unknown."""
        drawn = self.answered + self.unknown
        if not self.answered.count:
            return None
        low = wilson(min(1.0, self.missed.weight / drawn.weight), drawn.cases)
        most = min(1.0, (self.missed.weight + self.unknown.weight) / drawn.weight)
        high = wilson(most, drawn.cases)
        return None if low is None or high is None else (low[0], high[1])

    def threats(self) -> tuple[float, Interval] | None:
        """How many of all rejected events were threats, extrapolated, with the interval. Those
        that were answered are known, and of the uncovered all or none may have been; the others are
        as the rate says."""
        rate, interval = self.rate(), self.interval()
        if rate is None or interval is None:
            return None
        known, missed = self.answered.count, self.missed.count
        others = max(0, self.rejected - known)
        uncovered = min(others, self.uncovered)
        low = missed + (others - uncovered) * interval[0]
        high = missed + (others - uncovered) * interval[1] + uncovered
        return missed + others * rate, (low, high)

    def as_json(self) -> dict[str, object]:
        """As `stats` and the evaluation's report say it."""
        threats = self.threats()
        return {
            "answered": self.answered.count,
            "missed_rate": _rounded(self.rate()),
            "missed_rate_95": _both(self.interval()),
            "missed_threats": _rounded(threats[0] if threats else None),
            "missed_threats_95": _both(threats[1] if threats else None),
            "interval": self.covers(),
        }

    def covers(self) -> str:
        """What the interval covers, in words."""
        if not self.unknown.count and not self.uncovered:
            return "sampling"
        reasons = [f"{self.unknown.count} without an answer"] * bool(self.unknown.count)
        reasons += [f"{self.uncovered} of which none could be drawn"] * bool(self.uncovered)
        return f"sampling, widened by {' and '.join(reasons)}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def _both(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(bound, 5) for bound in interval]
