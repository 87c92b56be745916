"""The float networks, run straight from the published graphs: the reference, never a product.

They share nothing with a shipped file but the graph and the decoders.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from imaging.boxes import Candidates
from imaging.decoders import centernet as centernet_decoder
from imaging.decoders import nanodet as nanodet_decoder
from imaging.decoders import scored_boxes
from imaging.decoders.fusion import fuse
from imaging.decoders.tensor import Tensor
from imaging.detections import Detections, Image
from imaging.letterbox import restore
from imaging.manifest import Fusion
from tools.build.models import centernet, nanodet, ssd
from tools.build.models.export import FromPixels
from tools.build.models.fetch import ZOO_GRAPH, Weights
from tools.build.models.nhwc import as_it_is
from tools.build.models.pictures import rgb_canvas
from tools.build.models.shipped import LABELS, SHIPPED, Shipped
from tools.build.models.tfjs import read_graph

DetectObjects = Callable[[Image], Detections]
"""A BGR picture to boxes in its pixels."""
DecodeTensors = Callable[[list[Tensor]], Candidates]


def open_floats(weights: Weights) -> dict[str, DetectObjects]:
    """Per shipped model, the float network behind it; `weights` as `fetch_weights` gives it."""
    opened: dict[str, DetectObjects] = {}
    for model in SHIPPED:
        if model.fusion:
            members = [opened[name] for name in model.fusion.members]
            opened[model.name] = _fused(model, members, model.fusion)
        else:
            opened[model.name] = _single(model, read_network(model, weights))
    return opened


def read_network(model: Shipped, weights: Weights) -> FromPixels:
    if model.network == "ssd":
        return ssd.nine_classes(weights.zoo / ZOO_GRAPH).from_pixels
    if model.network == "centernet":
        graph = read_graph(weights.tfjs / "centernet.json", weights.tfjs / "centernet.bin")
        return centernet.nine_classes(graph).from_pixels
    graph = read_graph(weights.tfjs / "nanodet.json", weights.tfjs / "nanodet.bin")
    return nanodet.nine_classes(graph).from_pixels


def _single(model: Shipped, forward: FromPixels) -> DetectObjects:
    side = model.side_px
    function = tf.function(lambda images: forward(images, as_it_is), autograph=False)
    shapes = [
        tuple(output.shape)
        for output in function.get_concrete_function(
            tf.TensorSpec([1, side, side, 3], tf.uint8)
        ).structured_outputs
    ]
    decode = _decoder(model, shapes)

    def detect(picture: Image) -> Detections:
        canvas, letterbox = rgb_canvas(picture, side, model.resize)
        outputs = [Tensor(values=each.numpy()[0]) for each in function(canvas[np.newaxis])]
        found = decode(outputs)
        return Detections(
            boxes=restore(found.boxes, letterbox),
            scores=found.scores,
            labels=tuple(LABELS[index] for index in found.classes),
        )

    return detect


def _decoder(model: Shipped, shapes: list[tuple[int, ...]]) -> DecodeTensors:
    side, limits = model.side_px, model.thresholds
    if model.network == "centernet":
        maps = centernet_decoder.layout(shapes, side, side, len(LABELS))
        return lambda tensors: centernet_decoder.decode(tensors, maps, limits)
    if model.network == "ssd":
        return lambda tensors: scored_boxes.decode(
            {name: each.real(each.values) for name, each in zip(ssd.NAMES, tensors, strict=True)},
            side,
            side,
            limits,
        )
    heads = nanodet_decoder.layout(shapes, side, side, len(LABELS))
    return lambda tensors: nanodet_decoder.decode(tensors, heads, limits)


def _fused(model: Shipped, members: list[DetectObjects], fusion: Fusion) -> DetectObjects:
    limits = model.thresholds

    def detect(picture: Image) -> Detections:
        views = [member(picture) for member in members]
        return fuse(views, fusion, limits)

    return detect
