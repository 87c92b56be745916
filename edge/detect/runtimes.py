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
