"""Models that are good for their own picture, and what they are for others: for updates gone bad.

The network sees one thing whatever it is shown, as `tiny_models` has it; each has a manifest with a
self-test that it passes, but for what is wrong with it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from contract.keys import model_key
from contract.update import ModelFile
from edge.detect.detector import open_detector
from imaging.manifest import CHECKOUT_MODELS, read_manifest
from imaging.self_test import picture_of
from objectstore.store import ObjectStore
from tests.integration import tiny_models
from tests.models import manifest_of, write_manifest

Fault = Literal["none", "nan", "hang", "nan in the dark", "hang in the dark"]

LABELS = ["person", "car", "dog"]
PICTURE = "../self_test/street-330.jpg"
_MANIFEST = {
    "name": "tiny",
    "family": "yolo",
    "labels": LABELS,
    "input": {"width": 64, "height": 64, "dtype": "float32", "std": [255, 255, 255]},
}


def _network(fault: Fault) -> Callable[[Any], Any]:
    """Of a picture, to its guesses."""
    good = tiny_models.yolo(pixels=False, objectness=False, channels_first=False)
    spoil = tiny_models.no_numbers if fault.startswith("nan") else tiny_models.without_end

    def spoilt(picture: Any) -> Any:
        if fault == "none":
            return good(picture)
        if not fault.endswith("dark"):
            return spoil(picture, good(picture))
        return tiny_models.tensorflow().cond(
            tiny_models.dark(picture),
            lambda: spoil(picture, good(picture)),
            lambda: good(picture),
        )

    return spoilt


@lru_cache(maxsize=8)
def weights(fault: Fault, folder: Path) -> bytes:
    """The `.tflite`, made in `folder`."""
    path = folder / f"{fault.replace(' ', '-')}.tflite"
    return tiny_models.write_tflite(path, _network(fault)).read_bytes()


def put(folder: Path, fault: Fault, store: ObjectStore) -> tuple[ModelFile, str]:
    """The weights into the store, with the file and the manifest that an order names."""
    body = weights(fault, folder)
    sha256 = hashlib.sha256(body).hexdigest()
    store.put_if_absent(model_key(sha256), body, "")
    file = ModelFile(name="model.tflite", sha256=sha256, bytes=len(body))
    facts = manifest(folder) | {"sha256": sha256, "bytes": len(body)}
    return file, json.dumps(facts)


def manifest(folder: Path) -> dict[str, Any]:
    """That of the good network, with what it finds in its own picture; for all of them."""
    model = folder / "models" / "tiny"
    model.mkdir(parents=True, exist_ok=True)
    (model / "model.tflite").write_bytes(weights("none", folder))
    shutil.copytree(CHECKOUT_MODELS / "self_test", model.parent / "self_test", dirs_exist_ok=True)
    write_manifest(model, **_MANIFEST)
    detector = open_detector(str(model), "litert", 1, 0.25)
    seen = {"picture": PICTURE, "labels": ["person"], "boxes": [[0, 0, 1, 1]], "scores": [0]}
    write_manifest(model, **_MANIFEST, self_test=seen | {"score_tolerance": 1})
    found = detector.detect(picture_of(model, read_manifest(model)))
    assert len(found.labels) == 1
    self_test = {
        "picture": PICTURE,
        "labels": list(found.labels),
        "boxes": np.asarray(found.boxes, float).round(1).tolist(),
        "scores": np.asarray(found.scores, float).round(3).tolist(),
        "score_tolerance": 0.1,
        "min_iou": 0.6,
    }
    return manifest_of(**_MANIFEST, self_test=self_test)
