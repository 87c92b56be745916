"""A TensorFlow.js file is read completely and in order, or refused."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from tools.build.models.tfjs import Graph, TfjsError, read_graph

SHIFT = np.array([0.5, -2.0, 65504.0], np.float16)
AXES = np.array([0, 3, 1, 2], np.int32)


def text(plain: str) -> dict[str, str]:
    return {"s": base64.b64encode(plain.encode()).decode()}


def convolution() -> dict[str, object]:
    return {
        "name": "sum",
        "op": "Conv2D",
        "input": ["turned", "shift:0"],
        "attr": {
            "padding": text("SAME"),
            "strides": {"list": {"i": ["1", "2", "2", "1"]}},
            "fused_ops": {"list": {"s": [text("BiasAdd")["s"], text("Relu")["s"]]}},
            "explicit_paddings": {"list": {}},
            "align_corners": {"b": True},
            "alpha": {"f": 0.25},
            "T": {"type": "DT_FLOAT"},
        },
    }


def written(folder: Path, raw: bytes) -> tuple[Path, Path]:
    model = {
        "modelTopology": {
            "node": [
                {"name": "images", "op": "Placeholder"},
                {"name": "axes", "op": "Const"},
                {"name": "shift", "op": "Const"},
                {"name": "turned", "op": "Transpose", "input": ["images", "axes"]},
                convolution(),
                {"name": "unused", "op": "Mystery", "input": ["sum"]},
            ]
        },
        "weightsManifest": [
            {
                "weights": [
                    {"name": "axes", "shape": [4], "dtype": "int32"},
                    {
                        "name": "shift",
                        "shape": [1, 3],
                        "dtype": "float32",
                        "quantization": {"dtype": "float16"},
                    },
                ]
            }
        ],
    }
    topology, weights = folder / "net.json", folder / "net.bin"
    topology.write_text(json.dumps(model))
    weights.write_bytes(raw)
    return topology, weights


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return read_graph(*written(tmp_path, AXES.tobytes() + SHIFT.tobytes()))


def test_weights_stored_as_float16_are_widened_without_loss(graph: Graph) -> None:
    shift = graph.constants["shift"]
    assert shift.dtype == np.float32
    np.testing.assert_array_equal(shift, SHIFT.astype(np.float32).reshape(1, 3))
    np.testing.assert_array_equal(graph.constants["axes"], AXES)


def test_attributes_keep_their_kinds(graph: Graph) -> None:
    node = graph.nodes["sum"]
    assert node.inputs == ("turned", "shift")
    assert node.text("padding") == "SAME"
    assert node.numbers("strides") == (1, 2, 2, 1)
    assert node.texts("fused_ops") == ("BiasAdd", "Relu")
    assert node.numbers("explicit_paddings") == ()
    assert (node.number("align_corners"), node.number("alpha")) == (1.0, 0.25)


def test_a_list_is_not_taken_for_a_number_nor_a_number_for_a_list(graph: Graph) -> None:
    with pytest.raises(TfjsError, match="is a list"):
        graph.nodes["sum"].number("strides")
    with pytest.raises(TfjsError, match="is no list"):
        graph.nodes["sum"].numbers("alpha")


def test_only_what_the_outputs_need_is_run_and_inputs_come_first(graph: Graph) -> None:
    names = [node.name for node in graph.order("images", ("sum",))]
    assert sorted(names) == ["axes", "shift", "sum", "turned"]
    assert names.index("axes") < names.index("turned") < names.index("sum")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (AXES.tobytes() + SHIFT.tobytes() + b"\0", "1 bytes of weights belong to no constant"),
        (AXES.tobytes() + SHIFT.tobytes()[:-1], "the weights end inside shift"),
    ],
    ids=["too long", "too short"],
)
def test_a_file_of_another_length_is_refused(tmp_path: Path, raw: bytes, reason: str) -> None:
    with pytest.raises(TfjsError, match=reason):
        read_graph(*written(tmp_path, raw))


def test_a_changed_constant_must_exist(graph: Graph) -> None:
    changed = graph.with_constants({"shift": np.zeros((1, 3), np.float32)})
    assert not changed.constants["shift"].any()
    assert graph.constants["shift"].any()
    with pytest.raises(TfjsError, match="no such constants: \\['shfit'\\]"):
        graph.with_constants({"shfit": np.zeros(3, np.float32)})
