"""How sure a share is that was seen in some cases.

PURE. Source of the formula: E. B. Wilson, Probable inference, the law of succession, and
statistical inference, JASA 22 (1927).
"""

from __future__ import annotations

from math import sqrt

Z_95 = 1.959963984540054
Interval = tuple[float, float]


def wilson(share: float, n: float, z: float = Z_95) -> Interval | None:
    """The 95 % interval of a share seen in `n` cases; None without cases or with no share 0..1."""
    if n <= 0 or not 0 <= share <= 1:
        return None
    centre = share + z * z / (2 * n)
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = (centre - reach) / scale, (centre + reach) / scale
    return (0.0 if share == 0 else max(0.0, low)), (1.0 if share == 1 else min(1.0, high))
