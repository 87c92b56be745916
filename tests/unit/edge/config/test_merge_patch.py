"""A patch over a configuration's data, as RFC 7396 has it."""

import pytest

from edge.config.load import read
from edge.config.merge_patch import merged
from edge.errors import ConfigError

# Appendix A, those whose patch is an object
EXAMPLES: list[tuple[object, dict[str, object], object]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), EXAMPLES)
def test_the_examples_of_the_rfc(
    target: object, patch: dict[str, object], result: dict[str, object]
) -> None:
    assert merged(target, patch) == result


def test_neither_target_nor_patch_is_changed() -> None:
    target, patch = {"a": {"b": 1}}, {"a": {"b": None, "c": 2}}
    assert merged(target, patch) == {"a": {"c": 2}}
    assert (target, patch) == ({"a": {"b": 1}}, {"a": {"b": None, "c": 2}})


def test_a_variable_stands_over_the_patch_and_the_patch_over_the_file() -> None:
    file = b"detect: {min_score: 0.3, threads_per_worker: 2}"
    patch = "detect: {min_score: 0.4, threads_per_worker: 3}"
    config = read(file, {"STILLWATCH__DETECT__THREADS_PER_WORKER": "4"}, [patch]).config
    assert config.detect.min_score == pytest.approx(0.4)
    assert config.detect.threads_per_worker == 4


def test_what_the_patch_removes_has_its_default() -> None:
    config = read(b"detect: {min_score: 0.3}", {}, ["detect: {min_score: null}"]).config
    assert config.detect.min_score == pytest.approx(0.25)


@pytest.mark.parametrize("patch", ["[1]", "a: {", "x: \ud800", "detect: {a: 1, a: 2}", "- a: &b"])
def test_a_patch_that_is_no_mapping_is_a_problem_of_the_configuration(patch: str) -> None:
    with pytest.raises(ConfigError):
        read(b"", {}, [patch])
