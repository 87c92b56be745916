"""The TensorFlow Object Detection signature: shares to pixels, classes from 1 to from 0."""

import numpy as np
import pytest

from imaging.decoders.tf_od import check, decode
from imaging.manifest import ModelError, Thresholds

OUTPUTS = {
    "detection_boxes": np.array([[0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1]], np.float32),
    "detection_scores": np.array([0.9, 0.8], np.float32),
    "detection_classes": np.array([3, 1], np.float32),
    "num_detections": np.array(1, np.float32),
}


def test_only_the_counted_detections_come_with_classes_from_zero() -> None:
    found = decode(OUTPUTS, 100, 200, Thresholds())
    assert np.allclose(found.boxes, [[20, 20, 40, 60]])
    assert found.classes.tolist() == [2]
    assert np.allclose(found.scores, 0.9)


def test_further_outputs_do_no_harm() -> None:
    check([*OUTPUTS, "raw_detection_boxes"])


def test_a_missing_output_is_named() -> None:
    with pytest.raises(ModelError, match=r"lack.*'num_detections'"):
        check(["detection_boxes", "detection_scores", "detection_classes"])
