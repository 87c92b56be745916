"""Which inference runtime a model runs on, and why; the runtimes' modules and packages.

PURE. The runtimes do not compute alike, so which of them is taken changes scores, and with them
alarms. It is therefore never a matter of the moment, such as which was faster at the start: the
same installation always takes the same. Opening the model is the caller's. Called by `detector`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeVar

from imaging.manifest import ModelError

Runtime = Literal["tflite", "litert"]

MODULES: Mapping[Runtime, str] = MappingProxyType(
    {"tflite": "tflite_runtime.interpreter", "litert": "ai_edge_litert.interpreter"}
)
PACKAGES: Mapping[Runtime, str] = MappingProxyType(
    {"tflite": "tflite-runtime", "litert": "ai-edge-litert"}
)
PREFERRED: tuple[Runtime, ...] = ("litert", "tflite")
"""What `auto` takes, first to last. LiteRT runs int8 networks by XNNPACK, the tflite-runtime wheel
by TensorFlow Lite's own kernels, which round differently: docs/evaluation.md. LiteRT's scores lie
about those of the float network (on average 0.003 under them), the other's 0.015 above, which gives
more suspicions; and LiteRT takes a third of the time."""


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
