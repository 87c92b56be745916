"""Tiny networks made with TensorFlow: what they find is known, whatever they are shown.

Each sees one thing: a box of the shares 0.25, 0.25, 0.5, 0.75 (x0, y0, x1, y1) of its input.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cloud.model.network import start_tensorflow

SIDE = 64
BOX = (0.25, 0.25, 0.5, 0.75)
SCORE = 0.8


def tensorflow() -> Any:
    return start_tensorflow(0)


def constant_of(picture: Any, values: object) -> Any:
    """`values` as an output that depends on the picture, so that nothing is folded away."""
    tf = tensorflow()
    nothing = tf.reduce_mean(tf.cast(picture, tf.float32)) * 0.0
    return tf.constant(np.array(values, np.float32)) + nothing


def write_tflite(path: Path, forward: Callable[[Any], Any]) -> Path:
    """The function of one float picture (1, SIDE, SIDE, 3) as a `.tflite`."""
    tf = tensorflow()
    spec = tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32, name="picture")
    module = tf.Module()
    module.serve = tf.function(forward, input_signature=[spec], autograph=False)
    concrete = module.serve.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    converter.allow_custom_ops = True
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(converter.convert())
    return path


def ssd(picture: Any) -> Any:
    """Two anchors before `TFLite_Detection_PostProcess`; the first holds the thing, of class 2."""
    tf = tensorflow()
    anchors = tf.constant([[0.5, 0.375, 0.5, 0.25], [0.9, 0.9, 0.1, 0.1]], tf.float32)
    encodings = constant_of(picture, [[[0, 0, 0, 0], [0, 0, 0, 0]]])
    # column 0 is the background
    scores = constant_of(picture, [[[0, 0, 0, SCORE], [0, 0.05, 0, 0]]])
    return _post_process(tf)(encodings, scores, anchors)


def _post_process(tf: Any) -> Any:
    """The composite that the converter turns into the custom operator, as TensorFlow Models do."""
    whole = {
        "max_detections": 5,
        "max_classes_per_detection": 1,
        "num_classes": 3,
    }
    real = {
        "nms_score_threshold": 0.01,
        "nms_iou_threshold": 0.6,
        "y_scale": 10.0,
        "x_scale": 10.0,
        "h_scale": 5.0,
        "w_scale": 5.0,
    }
    parts = ['name: "TFLite_Detection_PostProcess"']
    parts += [f'attr {{ key: "{key}" value {{ i: {value} }} }}' for key, value in whole.items()]
    parts += [f'attr {{ key: "{key}" value {{ f: {value} }} }}' for key, value in real.items()]
    parts += ['attr { key: "use_regular_nms" value { b: false } }']

    @tf.function(experimental_implements=" ".join(parts))  # type: ignore[untyped-decorator]  # no stubs
    def post_process(_encodings: Any, _scores: Any, _anchors: Any) -> Any:
        zero = tf.constant(0.0)
        return zero, zero, zero, zero

    return post_process


def yolo(*, pixels: bool, objectness: bool, channels_first: bool) -> Callable[[Any], Any]:
    """40 guesses spread over the input; guess 7 is the thing, of class 1 of 3."""
    rows = np.zeros((40, 8 if objectness else 7), np.float32)
    rows[:, 0] = rows[:, 1] = np.linspace(0.01, 0.99, 40)
    x0, y0, x1, y1 = BOX
    rows[7, :4] = ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)
    rows[7, -2] = 1.0 if objectness else SCORE
    if objectness:
        rows[7, 4] = SCORE
    if pixels:
        rows[:, :4] *= SIDE
    return lambda picture: constant_of(picture, (rows.T if channels_first else rows)[None])


def dark(picture: Any) -> Any:
    """Whether most of the picture is darker than the middle."""
    tf = tensorflow()
    return tf.reduce_mean(tf.cast(picture, tf.float32)) < 0.35  # of 0 to 1


def no_numbers(picture: Any, values: Any) -> Any:
    """`values`, all of them turned into NaN."""
    tf = tensorflow()
    return values + tf.math.log(-1.0 - tf.reduce_mean(picture))


def without_end(picture: Any, values: Any) -> Any:
    """`values`, after a loop that ends for no picture."""
    tf = tensorflow()
    start = tf.reduce_mean(picture)
    (turned,) = tf.while_loop(lambda x: x > -1.0, lambda x: (x * 0.5,), (start,))
    return values + turned


def write_saved_model(
    folder: Path, forward: Callable[[Any], dict[str, Any]], shape: tuple[int | None, ...]
) -> Path:
    """The function of a uint8 picture of `shape` as a SavedModel."""
    tf = tensorflow()
    spec = tf.TensorSpec(shape, tf.uint8, name="input_tensor")
    module = tf.Module()
    module.serve = tf.function(forward, input_signature=[spec], autograph=False)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    return folder


def object_detection(picture: Any) -> dict[str, Any]:
    """The TensorFlow Object Detection signature; the thing is of class 2, counted from 1."""
    x0, y0, x1, y1 = BOX
    return {
        "detection_boxes": constant_of(picture, [[[y0, x0, y1, x1], [0, 0, 1, 1]]]),
        "detection_scores": constant_of(picture, [[SCORE, 0.02]]),
        "detection_classes": constant_of(picture, [[2, 1]]),
        "num_detections": constant_of(picture, [2]),
    }


def dark_or_bright(pictures: Any) -> dict[str, Any]:
    """A CenterNet whose one peak (cell 4, 4 of 16) has the brightness of its picture for score."""
    tf = tensorflow()
    brightness = tf.reduce_mean(tf.cast(pictures, tf.float32), axis=[1, 2, 3]) / 255.0
    peak = np.zeros((1, 16, 16, 2), np.float32)
    peak[0, 4, 4, 0] = 1
    sides = np.zeros((1, 16, 16, 4), np.float32)
    sides[0, 4, 4] = (0, 0, SIDE / 4, SIDE / 2)
    count = tf.shape(pictures)[0]
    return {
        "heat": brightness[:, None, None, None] * peak,
        "wh": tf.tile(tf.constant(sides), [count, 1, 1, 1]),
    }
