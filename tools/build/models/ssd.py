"""SSD-MobileNetV2 300 from the TensorFlow detection zoo's frozen graph: cut before its own
post-processing, which drops faint boxes and costs more than the network.

Takes raw RGB of 0..255, stretched to the input. The cut leaves, for each of 1,917 anchors, a coded
box and the scores of its classes; nine classes are kept and the boxes are decoded in the graph.
Source of the anchors and of the code: TensorFlow Models, `multiple_grid_anchor_generator` and
`faster_rcnn_box_coder`, with the values of the zoo's pipeline.config.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from imaging.detections import FloatArray
from tools.build.models.nhwc import GraphTensor, GraphWeight
from tools.build.models.tfjs import Array

NAMES = ("boxes", "scores")
GIVEN = "Preprocessor/sub"
"""The picture of -1..1, `[1, 300, 300, 3]`; any batch goes in here, for no shape is held below."""
GRIDS = (19, 10, 5, 3, 2, 1)
ZOO_CLASSES = (1, 2, 3, 4, 6, 8, 16, 17, 18)
"""COCO's ids of the nine; the zoo counts to 90, with 0 for the background."""
WIDEST = 12.0
"""No coded box of use goes beyond; a few outliers do."""
_SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
_HEADS = tuple(f"BoxPredictor_{number}" for number in range(len(GRIDS)))
_BOXES, _CLASSES = "BoxEncodingPredictor", "ClassPredictor"


class ZooError(Exception):
    """The file is not the graph that was expected."""


@dataclass(frozen=True, slots=True)
class Ssd:
    """The network with nine classes: its operations, and the kernels apart."""

    graph: Any
    kernels: dict[str, Array]

    def from_pixels(self, images: GraphTensor, weight: GraphWeight) -> list[GraphTensor]:
        """Boxes `(N, 1917, 4)` (x0, y0, x1, y1 in shares of the input) and scores `(N, 1917, 9)`
        after the sigmoid, for `(N, 300, 300, 3) uint8 RGB`."""
        kernels = {k: tf.convert_to_tensor(weight(each)) for k, each in self.kernels.items()}
        maps = tf.graph_util.import_graph_def(
            self.graph,
            {GIVEN: tf.cast(images, tf.float32) / 127.5 - 1.0, **kernels},
            [f"{name}:0" for name in _outputs()],
            name="",
        )
        codes = tf.concat([_rows(each, 4) for each in maps[0::2]], 1)
        logits = tf.concat([_rows(each, len(ZOO_CLASSES)) for each in maps[1::2]], 1)
        return [_decoded(codes), tf.sigmoid(logits)]


def nine_classes(frozen: Path) -> Ssd:
    """The network of the zoo's `frozen_inference_graph.pb` without the classes not wanted."""
    whole = tf.compat.v1.GraphDef()
    whole.ParseFromString(frozen.read_bytes())
    for node in whole.node:
        if node.name == GIVEN:
            _left_open(node, (1, 300, 300, 3))
    cut = tf.compat.v1.graph_util.extract_sub_graph(whole, list(_outputs()))
    kernels: dict[str, Array] = {}
    for node in cut.node:
        if node.op != "Const":
            continue
        array = tf.make_ndarray(node.attr["value"].tensor)
        if _CLASSES in node.name and array.ndim in (1, 4):
            array = _nine(array)
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array))
        if array.ndim == 4:
            kernels[node.name] = array
            _left_open(node, array.shape)
    if GIVEN not in {node.name for node in cut.node} or len(kernels) < len(GRIDS):
        raise ZooError(f"{frozen} is no SSD of the detection zoo: it has no {GIVEN}")
    return Ssd(cut, kernels)


def anchors() -> FloatArray:
    """`(1917, 4)`: centre y, centre x, height and width in shares of the input; the finest grid
    first, by rows, columns and then shapes."""
    rows = [
        ((row + 0.5) / grid, (column + 0.5) / grid, scale / ratio**0.5, scale * ratio**0.5)
        for level, grid in enumerate(GRIDS)
        for row in range(grid)
        for column in range(grid)
        for scale, ratio in _shapes(level)
    ]
    return np.array(rows, np.float32)


def _shapes(level: int) -> tuple[tuple[float, float], ...]:
    """Scale and ratio (width over height) of the anchors of a cell."""
    scale, next_scale = _SCALES[level], _SCALES[level + 1]
    if level == 0:
        return (0.1, 1.0), (scale, 2.0), (scale, 0.5)
    ratios = (1.0, 2.0, 0.5, 3.0, 1 / 3)
    return *((scale, ratio) for ratio in ratios), ((scale * next_scale) ** 0.5, 1.0)


def _outputs() -> tuple[str, ...]:
    return tuple(f"{head}/{kind}/BiasAdd" for head in _HEADS for kind in (_BOXES, _CLASSES))


def _nine(array: Array) -> Array:
    """Kernel or biases of a class head, for each anchor of a cell only the classes kept."""
    every = array.reshape(*array.shape[:-1], -1, 91)
    return every[..., list(ZOO_CLASSES)].reshape(*array.shape[:-1], -1)


def _left_open(node: Any, shape: tuple[int, ...]) -> None:
    """The node becomes an input of that shape, with nothing before it."""
    node.op = "Placeholder"
    del node.input[:]
    node.attr.clear()
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    node.attr["shape"].shape.CopyFrom(tf.TensorShape(shape).as_proto())


def _rows(each: GraphTensor, columns: int) -> GraphTensor:
    """A head's map `(N, s, s, anchors * columns)` with a row per anchor."""
    return tf.reshape(each, [tf.shape(each)[0], -1, columns])


def _decoded(codes: GraphTensor) -> GraphTensor:
    """Corners in shares of the input; a code is y, x, height and width over 10, 10, 5, 5."""
    near = anchors()
    code = tf.clip_by_value(codes, -WIDEST, WIDEST)
    centres = code[..., :2] / 10.0 * near[:, 2:] + near[:, :2]
    halves = tf.exp(code[..., 2:] / 5.0) * near[:, 2:] / 2.0
    corners = tf.concat([centres - halves, centres + halves], -1)
    return tf.gather(corners, [1, 0, 3, 2], axis=-1)
