"""The `detect` section: which network runs, and how.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge.config.regions import SearchRegionsConfig
from service.sections import Section, Share


class DetectConfig(Section):
    """The edge's network."""

    model: str = Field(
        "nanodet-g-416-int8", description="A shipped model's name, or a folder with a manifest."
    )
    runtime: Literal["auto", "tflite", "litert"] = Field(
        "auto",
        description="Interpreter; scores differ a little between them. auto is litert where it is "
        "installed and runs the model, else tflite.",
    )
    workers: int = Field(1, ge=1, le=16, description="Analysis threads, an interpreter each.")
    threads_per_worker: int = Field(1, ge=1, le=16, description="Threads within an interpreter.")
    min_score: Share = Field(0.25, description="Detections with a lower score are ignored.")
    vehicle_sum: bool = Field(
        True, description="A vehicle's score is the sum over car, bus and truck, at most 1."
    )
    regions: SearchRegionsConfig = Field(
        default_factory=SearchRegionsConfig, description="Enlarged crops for small objects."
    )
    errors_in_a_row: int = Field(
        5,
        ge=1,
        le=1000,
        description="Failures of the network in a row after which the daemon restarts, or takes "
        "back an update that is on trial.",
    )
