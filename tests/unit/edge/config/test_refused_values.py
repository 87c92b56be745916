"""Values that fit no configuration are refused with their key, and with what would fit."""

import pytest

from edge.config.load import read
from edge.errors import ConfigError
from tests.unit.edge.config.refusals import problems


@pytest.mark.parametrize(
    ("document", "path", "hint"),
    [
        ("intakes: {}", "intakes", "did you mean 'intake'?"),
        ("gate: {mindiff: 3}", "gate.mindiff", "did you mean 'min_diff'?"),
        ("gate: {zzz: 3}", "gate.zzz", "known here: enabled, min_diff"),
        ("detect: {runtime: tflight}", "detect.runtime", "did you mean 'tflite'?"),
        ("intake: {broker: {protocol: 5}}", "intake.broker.protocol", "in quotes: '5'"),
        ("deliver: {store: {type: s4}}", "deliver.store", "type: dir or type: s3"),
        ("deliver: {store: {type: null}}", "deliver.store", "type: dir or type: s3"),
        ("deliver: {store: {type: s3}}", "deliver.store.bucket", "text 3 to 63 characters"),
        ("deliver: {store: {type: s3, bucket: abc, key: 1}}", "deliver.store.key", "known here"),
        ("cameras: {1: {}}", "cameras[1]", "a name in quotes"),
        ("intake: 5", "intake", "a section"),
        ("gate: {min_diff: 3, min_diff: 4}", "line 1", "keep one"),
    ],
)
def test_a_hint_says_what_to_do(document: str, path: str, hint: str) -> None:
    assert hint in problems(document)[path].hint


def test_an_unknown_key_is_named_without_its_value_for_it_may_be_a_secret() -> None:
    found = problems("intake: {broker: {password: geheim}}")["intake.broker.password"]
    assert "geheim" not in str(found)
    assert "password_file" in found.hint


def test_a_rule_about_a_zone_that_the_camera_lacks_is_refused() -> None:
    document = "cameras: {yard: {rules: [{id: a, labels: [person], zones: [drive]}]}}"
    assert "drive" in problems(document)["configuration"].problem


@pytest.mark.parametrize(
    ("document", "path", "words"),
    [
        (
            "cameras: {yard: {rules: [{id: a, labels: [person], lines: [gate]}]}}",
            "configuration",
            "cameras.yard.rules: rule 'a' names lines ['gate'] that cameras.yard lacks",
        ),
        (
            "decide: {rules: [{id: a, labels: [person], schedules: [night]}]}",
            "configuration",
            "decide.rules: rule 'a' names schedules ['night'] that decide.schedules lacks",
        ),
        (
            "decide: {rules: [{id: a, labels: [person]}, {id: a, labels: [car]}]}",
            "decide",
            "rules: ids repeat: ['a', 'a']",
        ),
        (
            "cameras: {yard: {rules: [{id: a, labels: [person]}, {id: a, labels: [car]}]}}",
            "cameras.yard",
            "rules: ids repeat: ['a', 'a']",
        ),
        (
            "decide: {rules: [{id: a, labels: [person], min_area: 0.2, max_area: 0.1}]}",
            "decide.rules[0]",
            "min_area or min_ratio is over max_area or max_ratio",
        ),
        (
            "decide: {rules: [{id: a, labels: [p], max_area: 0.1, night: {min_area: 0.2}}]}",
            "decide.rules[0]",
            "min_area or min_ratio is over max_area or max_ratio",
        ),
        (
            "decide: {day_night: {night_luma: 70}}",
            "decide.day_night",
            "day_luma and day_chroma must not be under night_luma, night_chroma",
        ),
        (
            "camera_defaults: {lines: [{id: a, points: [[0, 0], [1, 1]], direction: up}]}",
            "camera_defaults.lines[0].direction",
            "'up' is not known here",
        ),
        (
            "camera_defaults: {motion_masks: [{id: m, polygon: [[0,0],[1,1],[1,0],[0,1]]}]}",
            "camera_defaults.motion_masks[0].polygon",
            "the outline crosses itself between corners 1 and 3",
        ),
    ],
)
def test_what_a_rule_cannot_mean_is_refused_with_its_key(
    document: str, path: str, words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        read(document.encode(), {})
    (problem,) = refused.value.problems
    assert problem.path == path
    assert words in problem.problem


@pytest.mark.parametrize(
    "document",
    [
        "intake: {topics: ['stillwatch/{camera}/x/image']}",
        "cameras: {yard: {topic: stillwatch/gateway/yard/image}}",
    ],
)
def test_pictures_below_our_own_root_are_refused(document: str) -> None:
    (problem,) = problems(document).values()
    assert "begins with deliver.root" in str(problem)


def test_a_name_that_is_no_id_is_refused_with_the_id_it_would_be() -> None:
    (problem,) = problems("cameras: {Front Door: {}}").values()
    assert "write front_door" in str(problem)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("deliver: {store: {type: s3, bucket: 'my b/../x'}}", "is no bucket's name"),
        ("intake: {broker: {websocket_path: mqtt}}", "begins with /"),
    ],
)
def test_what_does_not_fit_is_said_with_what_would(document: str, words: str) -> None:
    (problem,) = problems(document).values()
    assert words in str(problem)
