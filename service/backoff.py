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


def repeat_s(sends: int, first_s: float, cap_s: float, rng: random.Random) -> float:
    """Seconds until something is repeated that went well `sends` times before and had no answer.

    `first_s`, doubled once per sending before, at most `cap_s`; of that up to a quarter more by
    chance, so that what was sent together is not repeated together.
    """
    doubled_s = first_s * 2.0 ** min(max(sends, 0), _MAX_DOUBLINGS)
    return min(max(cap_s, first_s), doubled_s) * rng.uniform(1.0, 1.25)
