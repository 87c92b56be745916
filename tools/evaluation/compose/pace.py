"""When a composed camera sends its frames: now and then while little happens, quickly in bursts.

PURE. A camera-hour at 4 frames/s throughout would be 14400 frames; sending quickly only while the
nuisance stirs keeps ten hours computable, as event cameras do. The nuisance itself (rain, a statue)
does not go away between bursts. Called by `render`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from tools.evaluation.compose.recipe import Instant

FPS = 4.0
"""Within bursts; the middle of what cameras send here (0.2 to 15), on a logarithmic scale."""
CYCLE_S = 60.0
"""One disturbance a minute."""
BURST_S = 5.0
QUIET_S = 5.0
"""Between two frames outside of bursts: the slow end of what cameras send."""
_ROUNDING_S = 1e-9
"""Where a time is a multiple of the cycle but for the last bit."""


def bursts(seconds: float, rng: np.random.Generator) -> tuple[Instant, ...]:
    """One burst in each minute, at a moment of its own; `stir` rises and falls within it."""
    cycle_s = min(CYCLE_S, seconds)
    instants: list[Instant] = []
    for cycle in range(max(1, math.ceil(seconds / cycle_s - _ROUNDING_S))):
        begin_s = cycle * cycle_s + rng.uniform(0, max(0.0, cycle_s - BURST_S))
        instants += _burst(cycle, begin_s)
        quiet = np.arange(cycle * cycle_s, (cycle + 1) * cycle_s, QUIET_S)
        instants += [_still(t) for t in quiet if not begin_s - 1 < t < begin_s + BURST_S + 1]
    return _numbered([instant for instant in instants if instant.at_s < seconds])


def around(spans: Iterable[tuple[float, float]], seconds: float) -> tuple[Instant, ...]:
    """At `FPS` within the spans (start and end in seconds, in order), slowly outside of them."""
    instants: list[Instant] = []
    free_s = 0.0
    for start_s, end_s in spans:
        instants += [_still(t) for t in np.arange(free_s, start_s - 0.5, QUIET_S / 2)]
        instants += _quick(start_s, end_s)
        free_s = end_s + QUIET_S / 2
    instants += [_still(t) for t in np.arange(free_s, seconds, QUIET_S / 2)]
    return _numbered(instants)


def rarely(
    spans: Sequence[tuple[float, float]],
    bursts_s: Sequence[float],
    seconds: float,
    pause_s: float,
) -> tuple[Instant, ...]:
    """At `FPS` within the spans and in bursts that begin at `bursts_s`, else every `pause_s`."""
    busy = [*spans, *((begin_s, begin_s + BURST_S) for begin_s in bursts_s)]
    instants = [
        _still(t)
        for t in np.arange(0, seconds, pause_s)
        if not any(start_s - 1 < t < end_s + 1 for start_s, end_s in busy)
    ]
    for start_s, end_s in spans:
        instants += _quick(start_s, end_s)
    for number, begin_s in enumerate(bursts_s):
        instants += _burst(number, begin_s)
    return _numbered([instant for instant in instants if 0 <= instant.at_s < seconds])


def _quick(start_s: float, end_s: float) -> list[Instant]:
    count = math.floor((end_s - start_s) * FPS + _ROUNDING_S) + 1
    return [_still(start_s + n / FPS) for n in range(count)]


def _burst(burst: int, begin_s: float) -> list[Instant]:
    count = round(BURST_S * FPS)
    return [
        Instant(
            number=0,
            at_s=begin_s + n / FPS,
            stir=math.sin(math.pi * (n + 0.5) / count),
            burst=burst,
            since_s=n / FPS,
        )
        for n in range(count)
    ]


def _still(at_s: float) -> Instant:
    return Instant(number=0, at_s=float(at_s), stir=0.0)


def _numbered(instants: list[Instant]) -> tuple[Instant, ...]:
    """In the order of time; to the millisecond, as the manifest has it."""
    ordered = sorted(instants, key=lambda instant: instant.at_s)
    return tuple(
        replace(instant, number=number, at_s=round(instant.at_s, 3))
        for number, instant in enumerate(ordered)
    )
