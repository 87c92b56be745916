"""MobileNetV3-CenterNet from its TensorFlow.js file: cut before its own post-processing.

Takes raw RGB of 0..255. The published graph ends in a top-100 for one picture; the cut leaves the
heat map of class scores and the map of distances in pixels, at stride 4, for any batch and size.
"""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from tools.build.models.nhwc import NHWC, GraphTensor, GraphWeight, SubGraph
from tools.build.models.shipped import COCO_COLUMNS
from tools.build.models.tfjs import Graph

NAMES = ("heat", "wh")
HEAD = "CenternetHead/centernet_cls_output/"
NOMINAL_PX = 512


@dataclass(frozen=True, slots=True)
class CenterNet:
    """The network with nine classes."""

    graph: Graph

    def from_pixels(self, images: GraphTensor, weight: GraphWeight) -> list[GraphTensor]:
        """Heat `(N, S/4, S/4, 9)` and distances `(N, S/4, S/4, 4)` (left, top, right, bottom,
        pixels) for `(N, S, S, 3) uint8 RGB`, S a multiple of 32."""
        network = SubGraph(
            graph=self.graph,
            given="tower_0/images",
            outputs=("tower_0/keypoints", "tower_0/wh"),
            axes=NHWC,
            nominal_px=NOMINAL_PX,
        )
        return network.run(tf.cast(images, tf.float32), weight)


def nine_classes(graph: Graph) -> CenterNet:
    """The network without the columns of the classes that are not wanted."""
    kernel, bias = HEAD + "pointwise_weights", HEAD + "biases"
    kept = list(COCO_COLUMNS)
    changed = {
        kernel: graph.constants[kernel][..., kept],
        bias: graph.constants[bias][kept],
    }
    return CenterNet(graph.with_constants(changed))
