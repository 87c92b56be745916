"""False alarms side by side: of plain motion, of the edge alone, and confirmed.

PURE. Called by `totals` and `nuisances`, read by the report writers.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import beta

from tools.evaluation.evaluate.garwood import garwood
from tools.evaluation.evaluate.wilson import Interval

_TAIL = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Counts over the same `hours`."""

    motion: int
    edge: int
    confirmed: int
    hours: float

    def reduction(self) -> float | None:
        """1 - confirmed false alarms / those of plain motion; None where that gave none."""
        return reduction(self.confirmed, self.motion)

    def reduction_interval(self) -> Interval | None:
        return reduction_interval(self.confirmed, self.motion)

    def edge_reduction(self) -> float | None:
        """The same of the edge alone."""
        return reduction(self.edge, self.motion)

    def edge_reduction_interval(self) -> Interval | None:
        return reduction_interval(self.edge, self.motion)

    def per_hour(self, count: int) -> float | None:
        """One of the counts as a rate per camera-hour."""
        return count / self.hours if self.hours else None

    def per_hour_interval(self, count: int) -> Interval | None:
        """Garwood's, for false alarms as a Poisson process over the camera-hours."""
        return garwood(count, self.hours)


def reduction(ours: int, theirs: int) -> float | None:
    """1 - ours / theirs; None without theirs."""
    return 1 - ours / theirs if theirs else None


def reduction_interval(ours: int, theirs: int) -> Interval | None:
    """The 95 % interval of the reduction, for two Poisson counts over the same time.

    Given their sum, ours is binomial with p = r / (1 + r), r being the ratio of the rates
    (Przyborowski and Wilenski 1940, Biometrika 31(3/4)); p's interval is that of Clopper and
    Pearson. The lower end may be far below 0: after few alarms little is known.
    """
    if not theirs:
        return None
    low = float(beta.ppf(_TAIL, ours, theirs + 1)) if ours else 0.0
    high = float(beta.ppf(1 - _TAIL, ours + 1, theirs))
    return 1 - high / (1 - high), 1 - low / (1 - low)
