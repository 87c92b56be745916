"""How long to wait before the next try.

PURE. Exponential with full jitter, so that gateways that lost the cloud together do not come back
together. Source: Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
"""

from __future__ import annotations

import random

BASE_S = 1.0
_MAX_DOUBLINGS = 32


def delay_s(attempts: int, cap_s: float, rng: random.Random) -> float:
    """Seconds, between 0 and `BASE_S` doubled once per failed attempt so far, at most `cap_s`."""
    ceiling_s = BASE_S * 2.0 ** min(max(attempts, 0), _MAX_DOUBLINGS)
    return rng.uniform(0.0, min(cap_s, ceiling_s))
