"""Runs a graph's operations as TensorFlow calls, always in NHWC, for any batch and input size.

Transposes are tracked instead of executed (see `Axes`). Resize targets, which the files hold as
constants, are scaled with the input. Called inside a `tf.function`, so running it builds a new
graph. The few operations that the two networks need stand in one table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tools.build.models.tfjs import Array, Graph, Node, TfjsError

Axes = tuple[int, int, int, int]
"""`axes[i]` is the stored axis of logical axis i. Transposing a tensor then only changes its axes,
and nothing moves in memory; a graph of 83 transposes runs without one."""
Number = TypeVar("Number", bound=np.generic)

NHWC: Axes = (0, 1, 2, 3)
"""Stored as its graph sees it."""
NCHW: Axes = (0, 3, 1, 2)
"""The graph sees channels second; they are stored last."""


def transposed(axes: Axes, permutation: Sequence[int]) -> Axes:
    """The axes after a logical transpose: new logical axis i is old logical axis permutation[i]."""
    first, second, third, fourth = (axes[int(axis)] for axis in permutation)
    return first, second, third, fourth


def as_stored(constant: npt.NDArray[Number], axes: Axes) -> npt.NDArray[Number]:
    """A logical constant, turned so that it broadcasts against a tensor stored with `axes`."""
    if constant.ndim == 0 or axes == NHWC:
        return constant
    padded = constant.reshape((1,) * (4 - constant.ndim) + constant.shape)
    return padded.transpose(np.argsort(axes))


def rows_as_stored(rows: npt.NDArray[Number], axes: Axes) -> npt.NDArray[Number]:
    """A table with a row per logical axis (paddings), with a row per stored axis instead."""
    return rows[np.argsort(axes)]


GraphTensor: TypeAlias = Any
"""A TensorFlow tensor; the package publishes no types."""
GraphWeight: TypeAlias = Callable[[Array], GraphTensor]
"""How a constant enters the new graph: as it is, or stored small and widened in the graph."""


def as_it_is(array: Array) -> GraphTensor:
    """A constant in the new graph as it is in the file."""
    return array


@dataclass(frozen=True, slots=True)
class Laid:
    """A value and where its axes lie; constants are numpy arrays in logical order."""

    value: GraphTensor
    axes: Axes = NHWC

    @property
    def constant(self) -> bool:
        return isinstance(self.value, np.ndarray)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphStep:
    """One operation about to run. `scale`: side of the input over that of the published graph."""

    node: Node
    inputs: tuple[Laid, ...]
    scale: float
    weight: GraphWeight

    def image(self) -> GraphTensor:
        """The first input, which must be stored as the operation sees it."""
        if self.inputs[0].axes != NHWC:
            raise TfjsError(f"{self.node.name}: {self.node.op} needs NHWC")
        return self.inputs[0].value

    def constant(self, index: int) -> GraphTensor:
        return self.weight(self.inputs[index].value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubGraph:
    """A cut through a graph: from one placeholder to some nodes."""

    graph: Graph
    given: str
    outputs: tuple[str, ...]
    axes: Axes
    nominal_px: int

    def run(self, images: GraphTensor, weight: GraphWeight) -> list[GraphTensor]:
        """The outputs, NHWC, for `images` (N, S, S, 3) float32 stored NHWC."""
        values: dict[str, Laid] = {self.given: Laid(images, self.axes)}
        scale = int(images.shape[1]) / self.nominal_px
        for node in self.graph.order(self.given, self.outputs):
            inputs = tuple(values[name] for name in node.inputs)
            values[node.name] = self._value(
                GraphStep(node=node, inputs=inputs, scale=scale, weight=weight)
            )
        return [values[name].value for name in self.outputs]

    def _value(self, step: GraphStep) -> Laid:
        if step.node.op == "Const":
            return Laid(self.graph.constants[step.node.name])
        if step.node.op not in OPERATIONS:
            raise TfjsError(f"{step.node.name}: the operation {step.node.op} is not known")
        return OPERATIONS[step.node.op](step)


def _convolution(step: GraphStep) -> Laid:
    node = step.node
    strides, dilations = list(node.numbers("strides")), list(node.numbers("dilations"))
    result = tf.nn.conv2d(
        step.image(), step.constant(1), strides, node.text("padding"), dilations=dilations
    )
    return Laid(_fused(step, result))


def _depthwise(step: GraphStep) -> Laid:
    node = step.node
    strides, dilations = list(node.numbers("strides")), list(node.numbers("dilations"))[1:3]
    result = tf.nn.depthwise_conv2d(
        step.image(), step.constant(1), strides, node.text("padding"), dilations=dilations
    )
    return Laid(_fused(step, result))


def _fused(step: GraphStep, result: GraphTensor) -> GraphTensor:
    """What a fused operation does after its convolution: bias, then perhaps an activation."""
    after = step.node.texts("fused_ops") if "fused_ops" in step.node.attributes else ()
    for name in after:
        match name:
            case "BiasAdd":
                result = tf.nn.bias_add(result, step.constant(2))
            case "Relu":
                result = tf.nn.relu(result)
            case "Relu6":
                result = tf.nn.relu6(result)
            case _:
                raise TfjsError(f"{step.node.name}: the fused operation {name} is not known")
    return result


def _elementwise(
    operation: Callable[[GraphTensor, GraphTensor], GraphTensor],
) -> Callable[[GraphStep], Laid]:
    def run(step: GraphStep) -> Laid:
        axes = next((laid.axes for laid in step.inputs if not laid.constant), NHWC)
        left, right = (_operand(step, laid, axes) for laid in step.inputs)
        return Laid(operation(left, right), axes)

    return run


def _operand(step: GraphStep, laid: Laid, axes: Axes) -> GraphTensor:
    if laid.constant:
        return step.weight(as_stored(laid.value, axes))
    if laid.axes != axes:
        raise TfjsError(f"{step.node.name}: its inputs are stored differently")
    return laid.value


def _pointwise(operation: Callable[[GraphTensor], GraphTensor]) -> Callable[[GraphStep], Laid]:
    return lambda step: Laid(operation(step.inputs[0].value), step.inputs[0].axes)


def _leaky_relu(step: GraphStep) -> Laid:
    alpha = step.node.number("alpha")
    return Laid(tf.nn.leaky_relu(step.inputs[0].value, alpha), step.inputs[0].axes)


def _mean(step: GraphStep) -> Laid:
    """Global average pooling, the only mean in these graphs."""
    return Laid(tf.reduce_mean(step.image(), [1, 2], keepdims=True))


def _max_pool(step: GraphStep) -> Laid:
    size, strides = list(step.node.numbers("ksize")), list(step.node.numbers("strides"))
    return Laid(tf.nn.max_pool2d(step.image(), size, strides, step.node.text("padding")))


def _resize(step: GraphStep) -> Laid:
    node = step.node
    size = [round(int(side) * step.scale) for side in step.inputs[1].value]
    result = tf.raw_ops.ResizeBilinear(
        images=step.image(),
        size=size,
        align_corners=bool(node.number("align_corners")),
        half_pixel_centers=bool(node.number("half_pixel_centers")),
    )
    return Laid(result)


def _concatenation(step: GraphStep) -> Laid:
    *parts, axis = step.inputs
    axes = parts[0].axes
    values = [_operand(step, part, axes) for part in parts]
    return Laid(tf.concat(values, axes[int(axis.value)]), axes)


def _pad(step: GraphStep) -> Laid:
    laid, paddings = step.inputs
    return Laid(tf.pad(laid.value, rows_as_stored(paddings.value, laid.axes)), laid.axes)


def _pad_before_max(step: GraphStep) -> Laid:
    """A pad with minus infinity before max-pooling. Repeating the border has the same maxima, and
    unlike infinity it can be quantised."""
    laid, paddings, filling = step.inputs
    if not np.isneginf(filling.value):
        raise TfjsError(f"{step.node.name}: pads with {filling.value}, not minus infinity")
    rows = rows_as_stored(paddings.value, laid.axes)
    return Laid(tf.pad(laid.value, rows, mode="SYMMETRIC"), laid.axes)


def _transpose(step: GraphStep) -> Laid:
    laid, permutation = step.inputs
    return Laid(laid.value, transposed(laid.axes, permutation.value.tolist()))


OPERATIONS: Mapping[str, Callable[[GraphStep], Laid]] = {
    "Add": _elementwise(lambda left, right: left + right),
    "Mul": _elementwise(lambda left, right: left * right),
    "ConcatV2": _concatenation,
    "Conv2D": _convolution,
    "_FusedConv2D": _convolution,
    "DepthwiseConv2dNative": _depthwise,
    "FusedDepthwiseConv2dNative": _depthwise,
    "Identity": _pointwise(lambda value: value),
    "LeakyRelu": _leaky_relu,
    "MaxPool": _max_pool,
    "Mean": _mean,
    "Pad": _pad,
    "PadV2": _pad_before_max,
    "Relu": _pointwise(tf.nn.relu),
    "Relu6": _pointwise(tf.nn.relu6),
    "ResizeBilinear": _resize,
    "Sigmoid": _pointwise(tf.sigmoid),
    "Transpose": _transpose,
}
