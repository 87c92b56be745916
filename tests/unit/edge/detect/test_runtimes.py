"""The choice of a runtime: always the same one for the same installation, and its reason."""

import pytest

from edge.detect.runtimes import Choice, Runtime, choose, configured
from imaging.manifest import ModelError

BOTH: tuple[Runtime, ...] = ("tflite", "litert")


def runs(choice: Choice) -> Choice:
    return choice


def only_tflite(choice: Choice) -> Choice:
    if choice.runtime == "litert":
        raise ModelError("an operator is missing")
    return choice


def test_the_preferred_runtime_is_taken_in_whichever_order_they_are_found() -> None:
    first, second = choose(BOTH, runs), choose(BOTH[::-1], runs)
    assert first == second
    assert first.runtime == "litert"
    assert first.reason == "ai-edge-litert is preferred, as the nearer to the float network"


def test_nothing_else_is_opened_once_one_runs() -> None:
    opened: list[Runtime] = []

    def counted(choice: Choice) -> Choice:
        opened.append(choice.runtime)
        return choice

    choose(BOTH, counted)
    assert opened == ["litert"]


def test_a_runtime_on_which_the_model_fails_is_passed_over_with_its_reason() -> None:
    choice = choose(BOTH, only_tflite)
    assert choice.runtime == "tflite"
    assert "ai-edge-litert cannot: an operator is missing: tflite-runtime instead" in choice.reason


def test_the_only_runtime_is_taken_and_that_scores_differ_is_said() -> None:
    choice = choose(["tflite"], runs)
    assert choice.runtime == "tflite"
    assert choice.reason.startswith("ai-edge-litert is not installed: tflite-runtime instead")


def test_a_model_that_runs_nowhere_is_refused_with_every_reason() -> None:
    with pytest.raises(ModelError, match="ai-edge-litert cannot: an operator is missing"):
        choose(["litert"], only_tflite)


def test_an_installation_without_runtimes_is_told_what_to_install() -> None:
    with pytest.raises(ModelError, match=r"tflite-runtime, ai-edge-litert is installed: install"):
        choose([], runs)


def test_a_configured_runtime_says_so() -> None:
    assert configured("tflite").reason == "tflite-runtime was configured"
