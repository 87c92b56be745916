"""How long to wait before the next try.

PURE. Exponential with full jitter, so that gateways that lost the cloud together do not come back
together. Source: Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
"""

from __future__ import annotations

import random

BASE_S = 1.0
"""A broker or store that only restarts is back within seconds."""

_MAX_DOUBLINGS = 32
"""A second becomes 136 years: more would only overflow."""


def doubled_s(first_s: float, times: int, cap_s: float) -> float:
    """`first_s`, doubled so often, at most `cap_s`."""
    return min(first_s * 2.0 ** min(max(times, 0), _MAX_DOUBLINGS), cap_s)


def delay_s(attempts: int, cap_s: float, rng: random.Random) -> float:
    """Seconds, between 0 and `BASE_S` doubled once per failed attempt so far, at most `cap_s`."""
    return rng.uniform(0.0, doubled_s(BASE_S, attempts, cap_s))


def repeat_s(sends: int, first_s: float, cap_s: float, rng: random.Random) -> float:
    """Seconds until something is repeated that went well `sends` times before and had no answer.

    `first_s`, doubled once per sending before, at most `cap_s`; of that up to a quarter more by
    chance, so that what was sent together is not repeated together.
    """
    return doubled_s(first_s, sends, max(cap_s, first_s)) * rng.uniform(1.0, 1.25)
