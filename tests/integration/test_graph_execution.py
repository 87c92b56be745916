"""A graph run in NHWC gives what TensorFlow gives when it runs the graph as it was published."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from imaging.detections import FloatArray
from tools.build.models import centernet, nanodet
from tools.build.models.__main__ import CACHE
from tools.build.models.export import stored_as_float16
from tools.build.models.fetch import MEMBERS
from tools.build.models.nhwc import NCHW, SubGraph, as_it_is
from tools.build.models.shipped import COCO_COLUMNS
from tools.build.models.tfjs import Array, Attribute, Graph, Node, TfjsError, read_graph

RANDOM = np.random.default_rng(11)
CONVOLUTION: Mapping[str, Attribute] = {
    "strides": (1, 2, 2, 1),
    "dilations": (1, 1, 1, 1),
    "padding": "VALID",
}
POOL: Mapping[str, Attribute] = {
    "ksize": (1, 3, 3, 1),
    "strides": (1, 1, 1, 1),
    "padding": "VALID",
}
LAST, FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


def node(
    name: str, op: str, *inputs: str, attributes: Mapping[str, Attribute] | None = None
) -> Node:
    return Node(name=name, op=op, inputs=inputs, attributes=attributes or {})


def little_graph(filling: float) -> Graph:
    """Channels first, with a transpose before and after whatever wants them last."""
    constants: dict[str, Array] = {
        "kernel": RANDOM.normal(size=(3, 3, 3, 4)).astype(np.float32),
        "shift": RANDOM.normal(size=(4, 1, 1)).astype(np.float32),
        "border": np.array([[0, 0], [0, 0], [1, 1], [1, 1]], np.int32),
        "filling": np.array(filling, np.float32),
        "last": np.array(LAST, np.int32),
        "first": np.array(FIRST, np.int32),
        "channels": np.array(1, np.int32),
    }
    nodes = [
        node("images", "Placeholder"),
        *(node(name, "Const") for name in constants),
        node("padded", "Pad", "images", "border"),
        node("a", "Transpose", "padded", "last"),
        node("convolved", "Conv2D", "a", "kernel", attributes=CONVOLUTION),
        node("b", "Transpose", "convolved", "first"),
        node("sum", "Add", "shift", "b"),
        node("active", "LeakyRelu", "sum", attributes={"alpha": 0.1}),
        node("wide", "PadV2", "active", "border", "filling"),
        node("c", "Transpose", "wide", "last"),
        node("pooled", "MaxPool", "c", attributes=POOL),
        node("d", "Transpose", "pooled", "first"),
        node("both", "ConcatV2", "d", "active", "channels"),
        node("end", "Transpose", "both", "last"),
    ]
    return Graph(nodes={each.name: each for each in nodes}, constants=constants)


def by_hand(images: FloatArray, graph: Graph) -> FloatArray:
    """The same, channels first, transposing wherever the graph does."""
    c = graph.constants
    padded = tf.pad(images.transpose(FIRST), c["border"])
    convolved = tf.nn.conv2d(tf.transpose(padded, LAST), c["kernel"], 2, "VALID")
    active = tf.nn.leaky_relu(c["shift"] + tf.transpose(convolved, FIRST), 0.1)
    wide = tf.pad(active, c["border"], constant_values=-np.inf)
    pooled = tf.nn.max_pool2d(tf.transpose(wide, LAST), 3, 1, "VALID")
    both = tf.concat([tf.transpose(pooled, FIRST), active], 1)
    return np.asarray(tf.transpose(both, LAST))


def network(graph: Graph) -> SubGraph:
    return SubGraph(graph=graph, given="images", outputs=("end",), axes=NCHW, nominal_px=16)


def test_a_channels_first_graph_runs_without_a_single_transpose() -> None:
    images = RANDOM.normal(size=(2, 16, 16, 3)).astype(np.float32)
    graph = little_graph(-np.inf)
    run = tf.function(lambda x: network(graph).run(x, as_it_is)[0], autograph=False)
    concrete = run.get_concrete_function(tf.TensorSpec(images.shape, tf.float32))
    assert not [op for op in concrete.graph.get_operations() if op.type == "Transpose"]
    np.testing.assert_allclose(run(images), by_hand(images, graph), atol=1e-6)


def test_a_pad_with_anything_but_minus_infinity_is_refused() -> None:
    images = np.zeros((1, 16, 16, 3), np.float32)
    with pytest.raises(TfjsError, match="not minus infinity"):
        network(little_graph(0.0)).run(images, as_it_is)


def test_weights_that_float16_cannot_hold_stay_as_they_are() -> None:
    exact, fine = np.array([0.5, -2.0], np.float32), np.array([0.1], np.float32)
    np.testing.assert_array_equal(stored_as_float16(exact), exact)
    np.testing.assert_array_equal(stored_as_float16(fine), fine)


@pytest.fixture(scope="module")
def published() -> Path:
    if not all((CACHE / "package" / name).is_file() for name in MEMBERS):
        pytest.skip("the published weights are not in the cache; 'make models' fetches them")
    return CACHE / "package" / "models"


def published_outputs(graph: Graph, given: str, feed: FloatArray, names: list[str]) -> Any:
    """What TensorFlow's own executor makes of the nodes; fused ones become the plain ones."""
    definition = tf.compat.v1.GraphDef()
    for each in graph.order(given, tuple(names)):
        add_node(definition, each, graph)
    placeholder = definition.node.add(name=given, op="Placeholder")
    placeholder.attr["dtype"].type = tf.float32.as_datatype_enum
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(definition, name=""), [])
    tensors = [wrapped.graph.get_tensor_by_name(f"{name}:0") for name in names]
    pruned = wrapped.prune(wrapped.graph.get_tensor_by_name(f"{given}:0"), tensors)
    return [each.numpy() for each in pruned(tf.constant(feed))]


PLAIN = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
COPIED = ("strides", "dilations", "padding", "ksize", "alpha", "align_corners", "keep_dims")
COPIED_TOO = ("half_pixel_centers", "N")


def add_node(definition: Any, each: Node, graph: Graph) -> None:
    if each.op == "Const":
        add_constant(definition, each.name, graph.constants[each.name])
        return
    after = each.texts("fused_ops") if "fused_ops" in each.attributes else ()
    names = [*(f"{each.name}/before{k}" for k in range(len(after))), each.name]
    inputs = each.inputs[:2] if after else each.inputs
    first = definition.node.add(name=names[0], op=PLAIN.get(each.op, each.op), input=inputs)
    set_attributes(first, each)
    for op, before, name in zip(after, names, names[1:], strict=False):
        bias = [each.inputs[2]] if op == "BiasAdd" else []
        more = definition.node.add(name=name, op=op, input=[before, *bias])
        more.attr["T"].type = tf.float32.as_datatype_enum


def add_constant(definition: Any, name: str, value: Array) -> None:
    constant = definition.node.add(name=name, op="Const")
    constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    constant.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum


def set_attributes(target: Any, each: Node) -> None:
    """The attributes that are no default, in the kinds that TensorFlow wants."""
    kinds = {"Pad": "Tpaddings", "PadV2": "Tpaddings", "Transpose": "Tperm"}
    kinds |= {"Mean": "Tidx", "ConcatV2": "Tidx"}
    target.attr["T"].type = tf.float32.as_datatype_enum
    if each.op in kinds:
        target.attr[kinds[each.op]].type = tf.int32.as_datatype_enum
    for key in {*COPIED, *COPIED_TOO} & each.attributes.keys():
        value = each.attributes[key]
        match key, value:
            case ("padding", str()):
                target.attr[key].s = value.encode()
            case ("alpha", float() | int()):
                target.attr[key].f = value
            case ("N", int()):
                target.attr[key].i = value
            case (_, tuple()):
                target.attr[key].list.i.extend(int(item) for item in value)
            case (_, int()):
                target.attr[key].b = bool(value)


def test_nanodet_gives_what_the_published_graph_gives(published: Path) -> None:
    graph = read_graph(published / "nanodet.json", published / "nanodet.bin")
    images = RANDOM.integers(0, 256, (1, 416, 416, 3), np.uint8)
    mean, std = np.array(nanodet.TRAINED.mean), np.array(nanodet.TRAINED.std)
    feed = ((images[..., ::-1] - mean) / std).astype(np.float32).transpose(FIRST)
    truth = published_outputs(graph, "input_1", feed, list(nanodet.HEADS.values()))
    network = nanodet.nine_classes(graph)
    ours = [each.numpy() for each in network.from_pixels(images, as_it_is)]
    for head, whole in enumerate(truth):
        np.testing.assert_allclose(
            ours[2 * head], 1 / (1 + np.exp(-whole[..., list(COCO_COLUMNS)])), atol=1e-5
        )
        np.testing.assert_allclose(ours[2 * head + 1], whole[..., nanodet.CLASSES :], atol=1e-3)


def test_folding_leaves_the_scores_away_from_the_border_as_they_were(published: Path) -> None:
    network = nanodet.nine_classes(
        read_graph(published / "nanodet.json", published / "nanodet.bin")
    )
    images = RANDOM.integers(0, 256, (1, 416, 416, 3), np.uint8)
    exact = network.from_pixels(images, as_it_is)[0].numpy()
    fed = network.from_normalised(nanodet.normalise(images.astype(np.float32)))[0].numpy()
    inside = np.s_[:, 8:-8, 8:-8]
    np.testing.assert_allclose(fed[inside], exact[inside], atol=5e-3)


def test_centernet_gives_what_the_published_graph_gives(published: Path) -> None:
    graph = read_graph(published / "centernet.json", published / "centernet.bin")
    images = RANDOM.integers(0, 256, (1, 512, 512, 3), np.uint8)
    names = ["tower_0/keypoints", "tower_0/wh"]
    truth = published_outputs(graph, "tower_0/images", images.astype(np.float32), names)
    heat, sides = centernet.nine_classes(graph).from_pixels(images, as_it_is)
    np.testing.assert_allclose(heat, truth[0][..., list(COCO_COLUMNS)], atol=1e-5)
    np.testing.assert_allclose(sides, truth[1], atol=0.05)
