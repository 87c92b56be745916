"""Reading a configuration: every problem at once, safely, with the origin of each value."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge.config.load import load, read
from edge.config.schema import EdgeConfig
from edge.errors import ConfigError
from tests.unit.edge.config.refusals import problems, refused


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
