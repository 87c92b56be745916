"""Which inference runtime a model runs on, and why.

PURE. The runtimes do not compute alike, so which of them is taken changes scores, and with them
alarms. It is therefore never a matter of the moment, such as which was faster at the start: the
same installation always takes the same. Opening the model is the caller's. Called by `detector`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from edge.detect.runtimes import PACKAGES, PREFERRED, Runtime
from imaging.manifest import ModelError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The runtime taken, and why in words."""

    runtime: Runtime
    reason: str


def configured(runtime: Runtime) -> Choice:
    """Nothing was tried: somebody named the runtime."""
    return Choice(runtime=runtime, reason=f"{PACKAGES[runtime]} was configured")


def choose(installed: Collection[Runtime], opened: Callable[[Choice], T]) -> T:
    """What `opened` gives for the first of `PREFERRED` that is `installed` and on which it does
    not raise `ModelError`; raises `ModelError` if there is none."""
    if not installed:
        names = ", ".join(PACKAGES.values())
        raise ModelError(f"none of {names} is installed: install stillwatch[edge]")
    passed_over: list[str] = []
    for runtime in PREFERRED:
        if runtime not in installed:
            passed_over.append(f"{PACKAGES[runtime]} is not installed")
            continue
        try:
            return opened(Choice(runtime=runtime, reason=_reason(runtime, passed_over)))
        except ModelError as error:
            passed_over.append(f"{PACKAGES[runtime]} cannot: {error}")
    raise ModelError(f"no runtime can run the model: {'; '.join(passed_over)}")


def _reason(runtime: Runtime, passed_over: list[str]) -> str:
    if not passed_over:
        return f"{PACKAGES[runtime]} is preferred, as the nearer to the float network"
    return f"{'; '.join(passed_over)}: {PACKAGES[runtime]} instead, whose scores differ a little"
