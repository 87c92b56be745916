"""What a model must find in its own test picture before it is trusted.

PURE (but for reading the picture). Called by the edge and the cloud when they open a model.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from imaging.boxes import iou
from imaging.detections import Detections, FloatArray, Image
from imaging.manifest import Manifest, ModelError, SelfTest

SYNTHETIC_HEIGHT, SYNTHETIC_WIDTH = 480, 640


def picture_of(folder: Path, manifest: Manifest) -> Image:
    """The picture of the model's self-test, or a synthetic one if it has none; BGR."""
    if manifest.self_test is None:
        return synthetic_picture()
    path = folder / manifest.self_test.picture
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ModelError(
            f"model {manifest.name}: its self-test picture {path} is missing or no picture; "
            "restore it, or take 'self_test' out of the manifest"
        )
    return np.asarray(image, np.uint8)


def synthetic_picture() -> Image:
    """A ramp from black to white, in which there is nothing to find."""
    ramp = np.linspace(0, 255, SYNTHETIC_WIDTH).astype(np.uint8)
    return np.ascontiguousarray(
        np.broadcast_to(ramp[:, None], (SYNTHETIC_HEIGHT, SYNTHETIC_WIDTH, 3))
    )


def require(manifest: Manifest, found: Detections) -> None:
    """`found` in the test picture is what the manifest expects there, else `ModelError`."""
    fault = unmet(manifest.self_test, found) if manifest.self_test else ""
    if fault:
        raise ModelError(
            f"model {manifest.name} fails its self-test: {fault}; the weights, the input or the "
            "labels are not those that the manifest describes"
        )


def unmet(expected: SelfTest, found: Detections) -> str:
    """The first expectation that `found` does not meet, in words; "" if it meets all."""
    rows = zip(expected.labels, expected.boxes, expected.scores, strict=True)
    for label, box, score in rows:
        nearest = _nearest(label, np.array([box], np.float32), found, expected.min_iou)
        if nearest is None:
            return f"no {label} was found at {box}"
        if abs(nearest - score) > expected.score_tolerance:
            return f"the {label} at {box} has score {nearest:.3f}, expected was {score:.3f}"
    return ""


def _nearest(label: str, box: FloatArray, found: Detections, least: float) -> float | None:
    """The score of the detection of `label` that overlaps `box` most, by at least `least`."""
    overlap = iou(box, found.boxes)[0]
    overlap[[name != label for name in found.labels]] = 0
    if not len(overlap) or overlap.max() < least:
        return None
    return float(found.scores[int(overlap.argmax())])
