"""Writes a model's manifest beside its weights.

First without a self-test; once the model has run, with what it found in the self-test picture, so
that a machine on which the same file finds something else is noticed.
"""

from __future__ import annotations

from pathlib import Path

from imaging.detections import Detections
from imaging.manifest import (
    MANIFEST_FILE,
    Input,
    Manifest,
    SelfTest,
    fused_sha256,
    read_manifest,
    tree_bytes,
    tree_sha256,
)
from tools.build.models.shipped import LABELS, Shipped

RECIPE = "make models (tools/build/models); sources and hashes in README.md"
CLEAR_SCORE = 0.45
"""A self-test expects only what was found at least this clearly."""


def write_manifest(model: Shipped, models: Path) -> Manifest:
    """The manifest of the weights that lie in the model's folder under `models`."""
    sha256, size = _weights(model, models)
    manifest = Manifest(
        name=model.name,
        role=model.role,
        format=model.format,
        file=model.file,
        sha256=sha256,
        bytes=size,
        family=model.family,
        decoder=model.decoder,
        input=None
        if model.fusion
        else Input(
            width=model.side_px,
            height=model.side_px,
            resize=model.resize,
            close_up_px=model.close_up_px,
        ),
        labels=LABELS,
        quantisation=model.quantisation,
        thresholds=model.thresholds,
        fusion=model.fusion,
        licence=model.licence,
        recipe=RECIPE,
    )
    _write(models / model.name, manifest)
    return manifest


def add_self_test(folder: Path, picture: str, found: Detections) -> None:
    """Puts the clear ones of what was `found` in `picture` (beside the manifest) into it."""
    clear = [row for row in range(len(found)) if found.scores[row] >= CLEAR_SCORE]
    test = SelfTest(
        picture=picture,
        labels=tuple(found.labels[row] for row in clear),
        boxes=tuple(_box(found, row) for row in clear),
        scores=tuple(round(float(found.scores[row]), 3) for row in clear),
    )
    _write(folder, read_manifest(folder).model_copy(update={"self_test": test}))


def _weights(model: Shipped, models: Path) -> tuple[str, int]:
    if model.fusion:
        members = tuple(read_manifest(models / name) for name in model.fusion.members)
        return fused_sha256(members), 0
    path = models / model.name / str(model.file)
    return tree_sha256(path), tree_bytes(path)


def _box(found: Detections, row: int) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (round(float(side), 1) for side in found.boxes[row])
    return x0, y0, x1, y1


def _write(folder: Path, manifest: Manifest) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = manifest.model_dump_json(indent=2, exclude_none=True)
    (folder / MANIFEST_FILE).write_text(text + "\n")
