"""Models for tests: manifests beside real or tiny networks, and where the shipped ones lie."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from imaging.detections import Image
from imaging.manifest import CHECKOUT_MODELS, MANIFEST_FILE, tree_bytes, tree_sha256

COCO9 = ("person", "bicycle", "car", "motorcycle", "bus", "truck", "bird", "cat", "dog")

Fields = Mapping[str, object]


def manifest_of(**fields: object) -> dict[str, object]:
    """The fields of a manifest that fits a small edge model, changed by `fields`."""
    return {
        "name": "sample",
        "role": "edge",
        "format": "tflite",
        "file": "model.tflite",
        "sha256": "0" * 64,
        "bytes": 0,
        "family": "nanodet",
        "input": {"width": 64, "height": 64},
        "labels": ["person", "car"],
        "quantisation": "none",
        "licence": {"spdx": "Apache-2.0", "attribution": "nobody"},
        "recipe": "written by a test",
    } | fields


def write_manifest(folder: Path, **fields: object) -> Path:
    """The `folder` with a manifest that names the size and hash of the weights it holds."""
    document = manifest_of(**fields)
    weights = folder / str(document["file"])
    if weights.exists():
        document = {
            **document,
            "sha256": tree_sha256(weights),
            "bytes": tree_bytes(weights),
            **fields,
        }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST_FILE).write_text(json.dumps(document))
    return folder


def shipped(name: str) -> Path:
    """The folder of a shipped model; skips the test where it was not built."""
    folder = CHECKOUT_MODELS / name
    if not (folder / MANIFEST_FILE).is_file():
        pytest.skip(f"models/{name} was not built; run 'make models'")
    return folder


def street() -> Image:
    """A real frame of a street with walkers, 768x576; skips where the models were not built."""
    path = CHECKOUT_MODELS / "self_test" / "street-130.jpg"
    image = cv2.imread(str(path))
    if image is None:
        pytest.skip(f"{path} is missing; run 'make models'")
    return np.asarray(image, np.uint8)


def changed(name: str, folder: Path, **fields: object) -> Path:
    """A copy of a shipped model in `folder`, its manifest changed by `fields`."""
    shutil.copytree(shipped(name), folder, dirs_exist_ok=True)
    document = json.loads((folder / MANIFEST_FILE).read_text())
    document.pop("self_test", None)
    (folder / MANIFEST_FILE).write_text(json.dumps(document | fields))
    return folder
