"""Builds every shipped model into a folder: SavedModels, int8 files, manifests, self-tests.

The order is part of the recipe: TensorFlow numbers the functions of a process, and the numbers
stand in the SavedModels.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from imaging.detections import FloatArray, Image
from tools.build.models import centernet, nanodet, ssd
from tools.build.models.check import LEAST_SCORE, open_products
from tools.build.models.export import (
    rounded_to_float16,
    stored_as_float16,
    to_int8,
    write_savedmodel,
)
from tools.build.models.fetch import Weights
from tools.build.models.floats import read_network
from tools.build.models.manifests import add_self_test, write_manifest
from tools.build.models.pictures import read_picture, rgb_canvas
from tools.build.models.reference import PICTURES, REFERENCE_FILE
from tools.build.models.shipped import SHIPPED, FloatNetwork, Shipped
from tools.build.models.tfjs import read_graph

SELF_TEST_PICTURE = f"{PICTURES}/street-330.jpg"
KEPT = (REFERENCE_FILE, PICTURES, "licences")
"""What models are checked with and licensed under is no product of a build."""

NAMES: Mapping[FloatNetwork, tuple[str, ...]] = {
    "centernet": centernet.NAMES,
    "nanodet": nanodet.names(),
    "ssd": ssd.NAMES,
}


def build_models(weights: Weights, calibration: list[Image], kept: Path, into: Path) -> None:
    """Everything but the cards, in the empty folder `into`, with `KEPT` taken from `kept`."""
    for name in KEPT:
        copy = shutil.copytree if (kept / name).is_dir() else shutil.copy2
        copy(kept / name, into / name)
    singles = [model for model in SHIPPED if not model.fusion]
    ordered = sorted(singles, key=lambda model: model.role)  # the cloud's first
    for number, model in enumerate(ordered, 1):
        print(f"[{number}/{len(ordered)}] {model.title}", flush=True)
        _build(model, weights, calibration, into / model.name / str(model.file))
    for model in SHIPPED:
        write_manifest(model, into)
        _test(model, into)


def _build(model: Shipped, weights: Weights, calibration: list[Image], file: Path) -> None:
    file.parent.mkdir(parents=True)
    if model.role == "cloud":
        network = read_network(model, weights)
        weight = rounded_to_float16 if model.network == "ssd" else stored_as_float16
        write_savedmodel(file, network, NAMES[model.network], model.side_px, weight)
        return
    graph = read_graph(weights.tfjs / "nanodet.json", weights.tfjs / "nanodet.bin")
    small = nanodet.nine_classes(graph)
    samples = list(_samples(calibration, model.side_px))
    file.write_bytes(to_int8(small.from_normalised, model.side_px, samples))


def _samples(pictures: list[Image], side_px: int) -> Iterator[FloatArray]:
    """Every other picture letterboxed, as in use; the rest stretched, to fill the input."""
    for number, picture in enumerate(pictures):
        canvas, _ = rgb_canvas(picture, side_px, "letterbox" if number % 2 else "stretch")
        yield nanodet.normalise(canvas.astype(np.float32))


def _test(model: Shipped, models: Path) -> None:
    picture = read_picture(models / SELF_TEST_PICTURE)
    _, detect = next(open_products(model, models, LEAST_SCORE))
    add_self_test(models / model.name, f"../{SELF_TEST_PICTURE}", detect(picture))
