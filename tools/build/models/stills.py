"""Accuracy on labelled stills: the pictures with boxes of a corpus, where one is at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from imaging.boxes import areas
from imaging.detections import Detections, Image
from tools.build.models.accuracy import Precision, average_precision
from tools.build.models.check import GROUPS
from tools.build.models.floats import DetectObjects
from tools.build.models.pictures import read_picture
from tools.build.models.shipped import LABELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    picture: Image
    true: Detections


def read_stills(corpus: Path) -> list[Still]:
    """The stills of a corpus folder, by its `manifest.json`; classes that no model has are left
    out."""
    manifest = json.loads((corpus / "manifest.json").read_bytes())
    return [
        Still(picture=read_picture(corpus / still["file"]), true=_true(still["boxes"]))
        for still in manifest["stills"]
    ]


def accuracy(detect: DetectObjects, stills: list[Still], name: str) -> dict[str, Precision]:
    """Average precision per group of classes."""
    pairs = [
        (detect(still.picture), still.true)
        for still in tqdm(stills, desc=name, unit="still", leave=False, mininterval=2)
    ]
    return {group: average_precision(pairs, labels) for group, labels in GROUPS.items()}


def count_boxes(stills: list[Still], least_area: float) -> dict[str, int]:
    """True boxes per group of at least that many square pixels."""
    return {
        group: sum(
            label in labels and area >= least_area
            for still in stills
            for label, area in zip(still.true.labels, areas(still.true.boxes), strict=True)
        )
        for group, labels in GROUPS.items()
    }


def _true(boxes: list[dict[str, object]]) -> Detections:
    rows = list(_known(boxes))
    return Detections(
        boxes=np.array([box for _, box in rows], np.float32).reshape(-1, 4),
        scores=np.ones(len(rows), np.float32),
        labels=tuple(label for label, _ in rows),
    )


def _known(boxes: list[dict[str, object]]) -> Iterator[tuple[str, object]]:
    for box in boxes:
        if box["class"] in LABELS:
            yield str(box["class"]), box["xyxy"]
