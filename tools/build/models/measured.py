"""The figures of the model cards, kept as data: accuracy on stills, agreement, latency.

Measuring takes minutes and labelled stills, so it is its own step (`--evaluate`); a build without
it keeps the figures that were measured last.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tools.build.models.check import check_model, open_products
from tools.build.models.latency import latencies_ms
from tools.build.models.shipped import SHIPPED, Shipped
from tools.build.models.stills import Still, accuracy, count_boxes, read_stills

MEASURED_FILE = "measured.json"
LEAST_SCORE = 0.05
SMALL_PX = 32
"""Small as COCO defines it: under 32 x 32 pixels."""


class Figures(BaseModel):
    """Of one model. Average precisions by runtime and group of classes, milliseconds by runtime
    and threads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agreement: dict[str, dict[str, float]]
    stills: dict[str, dict[str, float]]
    latency_ms: dict[str, float]


class Measured(BaseModel):
    """Of all models. `true`: boxes in the stills by group; `small`: those under 32x32 pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: str
    stills: int
    true: dict[str, int]
    small: dict[str, int]
    models: dict[str, Figures]


def read_measured(models: Path) -> Measured | None:
    path = models / MEASURED_FILE
    return Measured.model_validate_json(path.read_bytes()) if path.is_file() else None


def measure(models: Path, corpus: Path) -> Measured:
    """Measures every model and writes the file; prints a row per model and runtime."""
    stills = read_stills(corpus)
    measured = Measured(
        machine=_machine(),
        stills=len(stills),
        true=count_boxes(stills, least_area=0.0),
        small=_small(stills),
        models={model.name: _figures(model, models, stills) for model in SHIPPED},
    )
    (models / MEASURED_FILE).write_text(measured.model_dump_json(indent=1) + "\n")
    return measured


def print_measured(measured: Measured) -> None:
    print(f"average precision at IoU 0.5 on {measured.stills} stills; {measured.machine}")
    print(f"{'model':24}{'runtime':12}{'person':>8}{'vehicle':>9}   latency, ms")
    for name, figures in measured.models.items():
        for runtime, groups in figures.stills.items():
            times = [f"{ms}" for key, ms in figures.latency_ms.items() if key.startswith(runtime)]
            values = f"{groups['person']:8.3f}{groups['vehicle']:9.3f}"
            print(f"{name:24}{runtime:12}{values}   {' / '.join(times)}")


def _figures(model: Shipped, models: Path, stills: list[Still]) -> Figures:
    latency = latencies_ms(model, models)
    return Figures(
        agreement={
            row.runtime: {name: round(got.average, 3) for name, got in row.groups.items()}
            for row in check_model(model, models)
        },
        stills={
            runtime: {
                name: round(got.average, 3)
                for name, got in accuracy(detect, stills, f"{model.name} {runtime}").items()
            }
            for runtime, detect in open_products(model, models, LEAST_SCORE)
        },
        latency_ms=latency,
    )


def _small(stills: list[Still]) -> dict[str, int]:
    every, large = count_boxes(stills, 0.0), count_boxes(stills, SMALL_PX**2)
    return {group: every[group] - large[group] for group in every}


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} CPUs, {names[0] if names else 'of unknown make'}"
