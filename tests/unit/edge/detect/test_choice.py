"""The choice of a runtime: the faster one that works, and its reason."""

import pytest

from edge.detect.choice import choose, configured
from edge.detect.runtimes import Runtime
from imaging.manifest import ModelError

TIMES: dict[Runtime, float] = {"tflite": 120.0, "litert": 26.5}


def test_the_faster_runtime_is_taken_and_both_times_are_said() -> None:
    choice = choose(["tflite", "litert"], TIMES.__getitem__)
    assert choice.runtime == "litert"
    assert choice.timings_ms == (("litert", 26.5), ("tflite", 120.0))
    assert choice.reason == "ai-edge-litert takes 26.5 ms, tflite-runtime takes 120.0 ms"


def only_tflite(runtime: Runtime) -> float:
    if runtime == "litert":
        raise ModelError("an operator is missing")
    return TIMES[runtime]


def test_a_runtime_on_which_the_model_fails_is_left_out_with_its_reason() -> None:
    choice = choose(["tflite", "litert"], only_tflite)
    assert choice.runtime == "tflite"
    assert "ai-edge-litert cannot: an operator is missing" in choice.reason


def test_the_only_runtime_is_taken() -> None:
    assert choose(["tflite"], only_tflite).reason.endswith("no other runtime is installed")


def test_a_model_that_runs_nowhere_is_refused_with_every_reason() -> None:
    with pytest.raises(ModelError, match="ai-edge-litert: an operator is missing"):
        choose(["litert"], only_tflite)


def test_an_installation_without_runtimes_is_told_what_to_install() -> None:
    with pytest.raises(ModelError, match=r"tflite-runtime, ai-edge-litert is installed: install"):
        choose([], only_tflite)


def test_a_configured_runtime_is_not_timed() -> None:
    assert configured("tflite").timings_ms == ()
