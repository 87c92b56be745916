"""The seam of the inference runtime: both find the same things, and give them away as copies.

They do not compute alike: LiteRT hands int8 networks to XNNPACK. Without it both are the same to
the last bit, which shows that nothing else differs.
"""

from __future__ import annotations

import importlib
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.detect.detector import TfliteDetector, open_detector
from edge.detect.prepare import plan, prepare
from edge.detect.runner import Runner, importable, open_runner
from edge.detect.runtimes import MODULES, PACKAGES, PREFERRED, Runtime
from edge.errors import InferenceError
from imaging.boxes import iou
from imaging.detections import Detections
from imaging.manifest import ModelError, read_manifest
from imaging.pixels import Numbers
from tests.models import shipped, street
from tools.build.models.reference import read_reference

MODEL = "nanodet-g-320-int8"


@pytest.fixture(params=list(MODULES))
def runtime(request: pytest.FixtureRequest) -> Runtime:
    name: Runtime = request.param
    if name not in importable():
        pytest.skip(f"{PACKAGES[name]} is not installed")
    return name


@pytest.fixture
def runner(runtime: Runtime) -> Runner:
    return open_runner(shipped(MODEL) / "model.tflite", runtime, threads=1)


def street_tensor(runner: Runner) -> Numbers:
    size = read_manifest(shipped(MODEL)).input
    assert size is not None
    return prepare(street(), plan(size, runner.signature.inputs[0]))[0]


def test_the_signature_is_that_of_the_manifest(runner: Runner) -> None:
    assert runner.signature.inputs[0].shape == (1, 320, 320, 3)
    assert runner.signature.inputs[0].dtype == "uint8"
    assert len(runner.signature.outputs) == 6
    assert all(spec.scale > 0 for spec in runner.signature.outputs)


def test_outputs_are_copies(runner: Runner) -> None:
    tensor = street_tensor(runner)
    first = runner.run(tensor)
    kept = [output.values.copy() for output in first]
    second = runner.run(np.zeros_like(tensor))
    assert all(np.array_equal(a.values, b) for a, b in zip(first, kept, strict=True))
    assert not all(np.array_equal(a.values, b) for a, b in zip(second, kept, strict=True))


def test_the_same_frame_gives_the_same_numbers(runner: Runner) -> None:
    tensor = street_tensor(runner)
    once, again = runner.run(tensor), runner.run(tensor)
    assert all(np.array_equal(a.values, b.values) for a, b in zip(once, again, strict=True))


def test_a_tensor_of_another_shape_is_an_inference_error(runner: Runner) -> None:
    with pytest.raises(InferenceError, match="failed"):
        runner.run(np.zeros((1, 64, 64, 3), np.uint8))
    assert len(runner.run(street_tensor(runner))) == 6


def test_a_file_that_is_no_model_is_refused(runtime: Runtime, tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(b"this is no flatbuffer at all" * 10)
    with pytest.raises(ModelError, match="cannot load"):
        open_runner(file, runtime, threads=1)


def without_xnnpack(name: str) -> Runner:
    """LiteRT with TensorFlow Lite's own kernels, as tflite-runtime has them for int8."""
    module = importlib.import_module(MODULES["litert"])
    interpreter = module.Interpreter(
        model_path=str(shipped(name) / "model.tflite"),
        num_threads=1,
        experimental_op_resolver_type=module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return Runner(interpreter, "litert")


def both_or_skip() -> None:
    if len(importable()) < 2:
        pytest.skip("only one runtime is installed")


@pytest.mark.parametrize("name", [MODEL, "nanodet-g-416-int8"])
def test_without_xnnpack_both_compute_the_same_to_the_last_bit(name: str) -> None:
    both_or_skip()
    size = read_manifest(shipped(name)).input
    assert size is not None
    other = open_runner(shipped(name) / "model.tflite", "tflite", threads=1)
    bare = without_xnnpack(name)
    tensor = prepare(street(), plan(size, other.signature.inputs[0]))[0]
    first, second = bare.run(tensor), other.run(tensor)
    assert all(np.array_equal(a.values, b.values) for a, b in zip(first, second, strict=True))


def test_threads_change_nothing(runtime: Runtime) -> None:
    file = shipped(MODEL) / "model.tflite"
    one, two = open_runner(file, runtime, threads=1), open_runner(file, runtime, threads=2)
    tensor = street_tensor(one)
    first, second = one.run(tensor), two.run(tensor)
    assert all(np.array_equal(a.values, b.values) for a, b in zip(first, second, strict=True))


def test_the_preferred_runtime_is_the_one_without_a_bias_against_the_float_network() -> None:
    """Of the pictures that the float network's finds are kept of, as docs/evaluation.md says."""
    both_or_skip()
    first, *others = (_bias(runtime) for runtime in PREFERRED)
    assert abs(first) < 0.01
    assert all(abs(other) > abs(first) for other in others)
    assert all(abs(other) < 0.03 for other in others)


def _bias(runtime: Runtime) -> float:
    """By how much scores lie above those of the float network, on average."""
    folder = shipped(MODEL)
    expected = read_reference(folder.parent).expected(MODEL)
    detector = open_detector(str(folder), runtime, 1, min_score=0.1, vehicle_sum=False)
    differences: list[float] = []
    for name, wanted in expected.items():
        picture = cv2.imread(str(folder.parent / "self_test" / name))
        assert picture is not None
        found = detector.detect(np.asarray(picture, np.uint8))
        overlap = iou(wanted.boxes, found.boxes)
        for row, label in enumerate(wanted.labels):
            alike = [overlap[row, n] * (other == label) for n, other in enumerate(found.labels)]
            best = int(np.argmax(alike))
            if alike[best] > 0.5:
                differences.append(float(found.scores[best] - wanted.scores[row]))
    assert len(differences) > 50
    return float(np.mean(differences))


def detector_on(runtime: Runtime) -> TfliteDetector:
    return open_detector(str(shipped(MODEL)), runtime, threads=1, min_score=0.35)


def test_two_threads_with_a_detector_each_agree(runtime: Runtime) -> None:
    frame, found = street(), list[Detections]()

    def work() -> None:
        found.append(detector_on(runtime).detect(frame))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == 2
    assert np.array_equal(found[0].boxes, found[1].boxes)


def test_all_runtimes_find_the_same_things_in_a_real_frame() -> None:
    frame = street()
    both_or_skip()
    views = [detector_on(runtime).detect(frame) for runtime in importable()]
    for seen, other in (views, reversed(views)):
        sure = np.flatnonzero(seen.scores >= 0.45)
        assert len(sure) >= 3
        overlap = iou(seen.boxes[sure], other.boxes)
        assert (overlap.max(axis=1) > 0.8).all()
        partners = overlap.argmax(axis=1)
        assert np.allclose(seen.scores[sure], other.scores[partners], atol=0.1)
        assert [seen.labels[row] for row in sure] == [other.labels[row] for row in partners]
