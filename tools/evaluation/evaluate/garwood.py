"""How sure a rate is of things that happened a few times in so many hours.

PURE. Source: Garwood 1936, Biometrika 28(3/4), the exact interval for a Poisson mean.
"""

from __future__ import annotations

from scipy.stats import chi2

from tools.evaluation.evaluate.wilson import Interval

_TAIL = 0.025


def garwood(count: int, hours: float) -> Interval | None:
    """The 95 % interval of the rate per hour after `count` in `hours`; None without time."""
    if hours <= 0:
        return None
    low = float(chi2.ppf(_TAIL, 2 * count)) / 2 if count else 0.0
    high = float(chi2.ppf(1 - _TAIL, 2 * count + 2)) / 2
    return low / hours, high / hours
