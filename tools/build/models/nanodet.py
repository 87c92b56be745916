"""NanoDet-g from its TensorFlow.js file: cut at its heads, nine classes, raw pixels in.

Trained on BGR with a mean and deviation per channel, which the package does not say (dividing by
255 instead costs a quarter of the accuracy). The cut leaves three maps of class scores and of
distance distributions, at strides 8, 16 and 32.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from imaging.detections import FloatArray
from tools.build.models.nhwc import NCHW, GraphTensor, GraphWeight, SubGraph, as_it_is
from tools.build.models.shipped import COCO_COLUMNS, LABELS
from tools.build.models.tfjs import Array, Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """Per channel, `(value - mean) / std`."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def folded(
    kernel: FloatArray, bias: FloatArray, trained: Normalisation, fed: Normalisation
) -> tuple[FloatArray, FloatArray]:
    """Kernel `(kh, kw, 3, out)` and bias `(out,)` for input normalised as `fed`.

    With (x - m) / s as the network was trained and (x - n) / t as it shall be fed, the kernel times
    t / s and a bias of sum(kernel * (n - m) / s) more give the same sums. Exact where the kernel
    lies inside the picture; where it hangs over the border, the zeros padded there mean the colour
    n instead of m, a difference of a few grey levels on the outermost pixels.
    """
    mean, std = np.array(trained.mean), np.array(trained.std)
    shift = (np.array(fed.mean) - mean) / std
    gain = np.array(fed.std) / std
    moved = bias + np.einsum("hwio,i->o", kernel.astype(np.float64), shift)
    return (kernel * gain[:, None]).astype(np.float32), moved.astype(np.float32)


HEADS = {
    8: "PartitionedCall/Add_29",
    16: "PartitionedCall/Add_33",
    32: "PartitionedCall/Add_37",
}
CLASSES, DISTANCES = 80, 44
NOMINAL_PX = 416
FIRST_CONVOLUTION, FIRST_SUM = "PartitionedCall/convolution", "PartitionedCall/Add"
TRAINED = Normalisation(mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395))
"""Of BGR pixels."""
SCALAR_MEAN, SCALAR_STD = 114.495, 57.63
"""One mean and deviation for all channels: an int8 input tensor has one scale and zero point, so
with these raw pixels are its quantised values."""


@dataclass(frozen=True, slots=True)
class NanoDet:
    """The network with nine classes. `graph` is cut and sliced, otherwise as published."""

    graph: Graph

    def from_pixels(self, images: GraphTensor, weight: GraphWeight) -> list[GraphTensor]:
        """Scores and distances per stride, in float, for (N, S, S, 3) uint8 RGB."""
        mean, std = np.array(TRAINED.mean, np.float32), np.array(TRAINED.std, np.float32)
        bgr = tf.reverse(tf.cast(images, tf.float32), [3])
        return _heads(_network(self.graph).run((bgr - mean) / std, weight))

    def from_normalised(self, images: GraphTensor) -> list[GraphTensor]:
        """The same for RGB already normalised with `SCALAR_MEAN` and `SCALAR_STD`."""
        return _heads(_network(_taking_scalar_rgb(self.graph)).run(images, as_it_is))


def names() -> tuple[str, ...]:
    """The names of the outputs, in the order in which both functions give them."""
    return tuple(f"{kind}_{stride}" for stride in HEADS for kind in ("scores", "distances"))


def nine_classes(graph: Graph) -> NanoDet:
    """The network without the columns of the classes that are not wanted."""
    kept = [*COCO_COLUMNS, *range(CLASSES, CLASSES + DISTANCES)]
    changed: dict[str, Array] = {}
    for head in HEADS.values():
        convolution, bias = graph.nodes[head].inputs
        kernel = graph.nodes[convolution].inputs[1]
        changed[kernel] = graph.constants[kernel][..., kept]
        changed[bias] = graph.constants[bias][kept]
    return NanoDet(graph.with_constants(changed))


def normalise(pixels: FloatArray) -> FloatArray:
    """RGB pixels as `from_normalised` takes them."""
    return ((pixels - np.float32(SCALAR_MEAN)) / np.float32(SCALAR_STD)).astype(np.float32)


def _network(graph: Graph) -> SubGraph:
    return SubGraph(
        graph=graph,
        given="input_1",
        outputs=tuple(HEADS.values()),
        axes=NCHW,
        nominal_px=NOMINAL_PX,
    )


def _heads(maps: list[GraphTensor]) -> list[GraphTensor]:
    count = len(LABELS)
    pairs = [(tf.sigmoid(each[..., :count]), each[..., count:]) for each in maps]
    return [tensor for pair in pairs for tensor in pair]


def _taking_scalar_rgb(graph: Graph) -> Graph:
    kernel_name = graph.nodes[FIRST_CONVOLUTION].inputs[1]
    bias_name = graph.nodes[FIRST_SUM].inputs[1]
    kernel, bias = folded(
        graph.constants[kernel_name].astype(np.float32),
        graph.constants[bias_name].astype(np.float32),
        TRAINED,
        Normalisation(mean=(SCALAR_MEAN,) * 3, std=(SCALAR_STD,) * 3),
    )
    return graph.with_constants({kernel_name: kernel[:, :, ::-1], bias_name: bias})
