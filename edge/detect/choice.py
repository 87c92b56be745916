"""Which inference runtime a model runs on, and why.

PURE. The measuring itself is the caller's; here is only the comparison and its reason in words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.detect.runtimes import PACKAGES, Runtime
from imaging.manifest import ModelError

Measure = Callable[[Runtime], float]
"""Milliseconds per invoke on that runtime; `ModelError` where the model does not run on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The runtime taken, the time per invoke of each that was tried, and why."""

    runtime: Runtime
    timings_ms: tuple[tuple[Runtime, float], ...]
    reason: str


def configured(runtime: Runtime) -> Choice:
    """Nothing was tried: somebody named the runtime."""
    return Choice(runtime=runtime, timings_ms=(), reason=f"{PACKAGES[runtime]} was configured")


def choose(runtimes: Sequence[Runtime], measure: Measure) -> Choice:
    """The fastest of `runtimes` that the model runs on; raises `ModelError` if it runs on none."""
    timings, faults = _tried(runtimes, measure)
    if not timings:
        tried = "; ".join(f"{PACKAGES[runtime]}: {fault}" for runtime, fault in faults)
        missing = f"none of {', '.join(PACKAGES.values())} is installed: install stillwatch[edge]"
        raise ModelError(f"no runtime can run the model: {tried or missing}")
    ranked = sorted(timings, key=lambda timing: timing[1])
    reason = ", ".join(f"{PACKAGES[runtime]} takes {ms:.1f} ms" for runtime, ms in ranked)
    reason += "".join(f"; {PACKAGES[runtime]} cannot: {fault}" for runtime, fault in faults)
    if len(runtimes) == 1:
        reason += "; no other runtime is installed"
    return Choice(runtime=ranked[0][0], timings_ms=tuple(ranked), reason=reason)


def _tried(
    runtimes: Sequence[Runtime], measure: Measure
) -> tuple[list[tuple[Runtime, float]], list[tuple[Runtime, str]]]:
    timings: list[tuple[Runtime, float]] = []
    faults: list[tuple[Runtime, str]] = []
    for runtime in runtimes:
        try:
            timings.append((runtime, measure(runtime)))
        except ModelError as error:
            faults.append((runtime, str(error)))
    return timings, faults
