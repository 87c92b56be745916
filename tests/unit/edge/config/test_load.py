"""Reading a configuration: every problem at once, safely, with the origin of each value."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge.config.load import load, read
from edge.config.schema import EdgeConfig
from edge.errors import ConfigError, ConfigProblem


def problems(document: str, environ: dict[str, str] | None = None) -> dict[str, ConfigProblem]:
    with pytest.raises(ConfigError) as caught:
        read(document.encode(), environ or {})
    return {problem.path: problem for problem in caught.value.problems}


def refused(document: bytes) -> tuple[ConfigProblem, ...] | None:
    """The problems; None if the document is accepted."""
    try:
        read(document, {})
    except ConfigError as error:
        return error.problems
    return None


def test_nothing_given_means_the_defaults() -> None:
    loaded = load(None, {})
    assert loaded.config == EdgeConfig()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.version == f"v1-{loaded.sha256[:12]}"


def test_each_value_knows_where_it_is_from() -> None:
    document = b"intake:\n  broker: {port: 1884}\ncameras:\n  yard: {kind: stream}\n"
    environ = {"STILLWATCH__RUNTIME__LOG_LEVEL": "debug", "STILLWATCH_MODELS": "/x", "HOME": "/"}
    loaded = read(document, environ)
    assert loaded.origins["intake.broker.port"] == "file"
    assert loaded.origins["cameras.yard.kind"] == "file"
    assert loaded.origins["cameras.yard.enabled"] == "default"
    assert loaded.origins["runtime.log_level"] == "environment"
    assert loaded.config.runtime.log_level == "debug"


def test_a_store_without_a_type_is_the_default_kind_of_store() -> None:
    environ = {"STILLWATCH__DELIVER__STORE__PATH": "/mnt/evidence"}
    store = read(b"", environ).config.deliver.store
    assert (store.type, str(getattr(store, "path", ""))) == ("dir", "/mnt/evidence")


def test_the_environment_overrides_the_file() -> None:
    document = b"intake: {broker: {port: 1884, host: lan}}"
    environ = {
        "STILLWATCH__INTAKE__BROKER__PORT": "1885",
        "STILLWATCH__INTAKE__TOPICS": '["yard/{camera}/jpg"]',
        "STILLWATCH__INTAKE__DISCOVERY": "off",
        "STILLWATCH__DELIVER__STORE__PATH": "",
    }
    intake = read(document, environ).config.intake
    assert (intake.broker.host, intake.broker.port) == ("lan", 1885)
    assert intake.topics == ("yard/{camera}/jpg",)
    assert not intake.discovery


def test_spelling_and_order_do_not_change_the_digest_but_a_value_does() -> None:
    one = read(b"gate: {min_diff: 20}\ngateway: {id: a}", {})
    other = read(b"# a comment\ngateway:\n  id: 'a'\ngate:\n  min_diff: 0x14\n", {})
    environment = read(b"gateway: {id: a}", {"STILLWATCH__GATE__MIN_DIFF": "20"})
    assert one.sha256 == other.sha256 == environment.sha256
    assert one.sha256 != read(b"gateway: {id: b}", {}).sha256


def test_a_section_whose_keys_are_all_commented_out_means_its_defaults() -> None:
    loaded = read(b"intake:\n  limits:\ngate:\ncameras:\n", {})
    assert loaded.config == EdgeConfig()
    assert set(loaded.origins.values()) == {"default"}


def test_every_problem_is_said_at_once_with_its_path() -> None:
    found = problems(
        """
        gateway: {id: Front Door}
        intake: {broker: {port: 99999}, topics: [], brokr: {}}
        gate: {min_diff: lots}
        cameras: {yard: {zones: [{id: a, polygon: [[0, 0], [1, 1]]}]}}
        """,
        {"STILLWATCH__RUNTIME__HEARTBEAT_S": "1"},
    )
    assert list(found) == [
        "gateway.id",
        "intake.broker.port",
        "intake.topics",
        "intake.brokr",
        "gate.min_diff",
        "runtime.heartbeat_s (STILLWATCH__RUNTIME__HEARTBEAT_S)",
        "cameras.yard.zones[0].polygon",
    ]
    assert str(found["intake.broker.port"]) == (
        "intake.broker.port: 99999 is too large (whole number 1 to 65535)"
    )


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


def test_a_broken_variable_is_one_problem_among_the_others() -> None:
    found = problems(
        "gate: {min_diff: 1}",
        {"STILLWATCH__INTAKE__TOPICS": "[unclosed", "STILLWATCH__NOWHERE__X": "1"},
    )
    variable = "STILLWATCH__NOWHERE__X"
    assert set(found) == {"STILLWATCH__INTAKE__TOPICS", "gate.min_diff", f"nowhere ({variable})"}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"[1, 2]", "is a list"),
        (b"a: [", "is no YAML: line 1"),
        (b"\xff\xfe", "is no UTF-8"),
        (b" " * 1_048_577, "has 1048577 bytes"),
        (b"[" * 50_000, "is nested too deeply"),
        (b"!!python/object/apply:os.system [ls]", "is no YAML"),
        (b"a: &a [*a]", "grows beyond"),
        (b"a: 2024-99-99", "is no YAML"),
        (b"a: !!timestamp x", "is no YAML"),
        (b"a: !!bool x", "is no YAML"),
        (b"a: !!int ''", "is no YAML"),
        (b"a: 0x_", "is no YAML"),
    ],
)
def test_a_document_that_is_no_configuration_is_refused_in_words(
    document: bytes, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(document, {})
    assert problem in str(caught.value)


def test_aliases_may_repeat_a_part_but_not_explode() -> None:
    shared = b"camera_defaults: &c {kind: stream}\ncameras: {a: *c, b: {<<: *c, enabled: false}}"
    assert read(shared, {}).config.cameras["b"].kind == "stream"
    over_two_steps = b"""cameras:
  a: &a
    gate: &gate {<<: &plain {min_diff: 20, ignore: []}, min_diff: 30}
  b: {<<: *a, gate: {<<: *gate, ignore: [light]}}
"""
    gate = read(over_two_steps, {}).config.cameras["b"].gate
    assert gate is not None
    assert (gate.min_diff, gate.ignore) == (30, ("light",))
    bomb = b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    for letter in b"bcdefgh":
        bomb += b"%c: &%c [%s]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 9))
    with pytest.raises(ConfigError, match="grows beyond"):
        read(bomb, {})


def test_a_missing_file_is_said_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"edge\.yaml: cannot be read: No such file"):
        load(tmp_path / "edge.yaml", {})


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_but_a_config_error(document: bytes) -> None:
    assert refused(document) != ()


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([*EdgeConfig.model_fields, "broker", "store", "type", "rules", "x"]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
))  # fmt: skip
def test_no_values_make_it_raise_anything_but_a_config_error(data: object) -> None:

    assert refused(yaml.safe_dump(data).encode()) != ()


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
