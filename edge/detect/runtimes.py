"""The names of the inference runtimes, their modules and the packages that bring them. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

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
