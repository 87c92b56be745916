"""Shares, rates and reductions, and how sure each is: intervals at 95 %.

PURE. Wilson's, for shares, is the edge's own (`edge/audit/recall.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import beta, chi2

from service.intervals import Interval, wilson

_TAIL = 0.025
"""On either side of a 95 % interval."""


def garwood(count: int, hours: float) -> Interval | None:
    """The 95 % interval of the rate per hour after `count` in `hours`; None without time."""
    if hours <= 0:
        return None
    low = float(chi2.ppf(_TAIL, 2 * count)) / 2 if count else 0.0
    high = float(chi2.ppf(1 - _TAIL, 2 * count + 2)) / 2
    return low / hours, high / hours


@dataclass(frozen=True, slots=True)
class Proportion:
    """`part` of `whole` cases."""

    part: int
    whole: int

    def value(self) -> float | None:
        """None without cases."""
        return self.part / self.whole if self.whole else None

    def interval(self) -> Interval | None:
        """Wilson's."""
        share = self.value()
        return None if share is None else wilson(share, self.whole)


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` in so many camera-hours."""

    count: int
    hours: float

    def per_hour(self) -> float | None:
        return self.count / self.hours if self.hours else None

    def interval(self) -> Interval | None:
        """Garwood's, for false alarms as a Poisson process over the camera-hours."""
        return garwood(self.count, self.hours)


@dataclass(frozen=True, slots=True)
class Reduction:
    """By how much `ours` are fewer than `theirs`, over the same time."""

    ours: int
    theirs: int

    def value(self) -> float | None:
        """1 - ours / theirs; None without theirs."""
        return 1 - self.ours / self.theirs if self.theirs else None

    def interval(self) -> Interval | None:
        """For two Poisson counts: given their sum, ours is binomial with p = r / (1 + r), r being
        the ratio of the rates (Przyborowski and Wilenski 1940, Biometrika 31(3/4)); p's interval is
        that of Clopper and Pearson. The lower end may be far below 0: after few alarms little is
        known."""
        if not self.theirs:
            return None
        low = float(beta.ppf(_TAIL, self.ours, self.theirs + 1)) if self.ours else 0.0
        high = float(beta.ppf(1 - _TAIL, self.ours + 1, self.theirs))
        return 1 - high / (1 - high), 1 - low / (1 - low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """False alarms of plain motion, of the edge alone and confirmed, over the same `hours`."""

    motion: int
    edge: int
    confirmed: int
    hours: float

    def reduction(self) -> Reduction:
        return Reduction(self.confirmed, self.motion)

    def edge_reduction(self) -> Reduction:
        return Reduction(self.edge, self.motion)

    def rate(self, count: int) -> Rate:
        """Of one of the counts."""
        return Rate(count, self.hours)
