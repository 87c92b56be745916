"""The shipped models, opened as edge and cloud open them: what is checked is what runs.

But for the sum of a vehicle's scores, which the networks they are compared with do not make.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cloud.model import open_model
from edge.detect.detector import open_detector
from edge.detect.runner import importable
from tools.build.models.floats import Detect
from tools.build.models.shipped import Shipped


def open_products(model: Shipped, models: Path, least_score: float) -> Iterator[tuple[str, Detect]]:
    """Runtime and detection of a model, one after the other: idle interpreters disturb others."""
    folder = str(models / model.name)
    if model.role == "cloud":
        full = open_model(folder)
        yield "tensorflow", lambda picture: full.by_class([picture])[0]
        return
    for runtime in importable():
        detector = open_detector(folder, runtime, 1, least_score, vehicle_sum=False)
        yield runtime, detector.detect
