"""Topics, keys and ids: spelled in one place, refused when foreign."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId, GatewayId, is_report_id, report_id
from contract.keys import evidence_key, is_evidence_key, verdict_key
from contract.topics import ImageTemplate, Topics, parse_camera_topic, shared_suspects

NORTH = GatewayId("north")
GATE = CameraId("gate")


def test_topics_are_spelled_as_published() -> None:
    topics = Topics(gateway=NORTH)
    assert topics.of_gateway("status") == "stillwatch/north/status"
    assert topics.of_camera(GATE, "verdict") == "stillwatch/north/gate/verdict"
    assert topics.all_cameras("verdict") == "stillwatch/north/+/verdict"
    assert shared_suspects() == "$share/confirm/stillwatch/+/+/suspect"


def test_a_switch_has_a_topic_for_its_command_and_one_for_its_state() -> None:
    topics = Topics(gateway=NORTH)
    assert topics.of_setting(GATE, "armed", "state") == "stillwatch/north/gate/armed/state"
    assert topics.all_settings("enabled") == "stillwatch/north/+/enabled/set"
    command = topics.of_setting(GATE, "armed", "set")
    assert topics.setting_of(command) == (GATE, "armed")


@pytest.mark.parametrize(
    "topic",
    [
        "stillwatch/north/gate/armed/state",
        "stillwatch/south/gate/armed/set",
        "stillwatch/north/Gate/armed/set",
        "stillwatch/north/gate/deaf/set",
        "stillwatch/north/gate/armed/set/x",
        "stillwatch/north/armed/set",
    ],
)
def test_what_is_no_command_to_a_switch_of_ours_is_none(topic: str) -> None:
    assert Topics(gateway=NORTH).setting_of(topic) is None


@pytest.mark.parametrize(
    "topic", ["stillwatch/north/status", "other/north/gate/suspect", "stillwatch/N/gate/suspect"]
)
def test_a_foreign_topic_is_not_a_cameras(topic: str) -> None:
    assert parse_camera_topic(topic) is None


def test_a_camera_topic_comes_apart_as_it_was_put_together() -> None:
    parsed = parse_camera_topic(Topics(gateway=NORTH).of_camera(GATE, "suspect"))
    assert parsed is not None
    assert (parsed.gateway, parsed.camera, parsed.leaf) == ("north", "gate", "suspect")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a/{camera}/{camera}", r"needs \{camera\}"),
        ("{camera}x/y", r"needs \{camera\}"),
        ("a+/{camera}", "whole level"),
        ("#/{camera}", "whole level"),
        ("$share/g/{camera}", "shared subscription"),
        ("a\0/{camera}", "printable"),
        ("a" * 70_000 + "/{camera}", "70009 characters"),
    ],
)
def test_a_template_that_no_broker_or_nobody_understands_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ImageTemplate(text)


@pytest.mark.parametrize(
    ("text", "topic", "camera"),
    [
        ("frigate/{camera}/+/snapshot", "frigate/yard/person/snapshot", "yard"),
        ("frigate/{camera}/+/snapshot", "frigate/yard/snapshot", None),
        ("+/{camera}/jpg/#", "site/Front Door/jpg", "front_door"),
        ("+/{camera}/jpg/#", "site/Hof.Süd (2)/jpg/a/b", "hof_sud_2"),
        ("a/{camera}", "a/門", None),
        ("cctv/all", "cctv/all", None),
    ],
)
def test_wildcards_fit_and_names_become_ids(text: str, topic: str, camera: str | None) -> None:
    assert ImageTemplate(text).camera_of(topic) == camera


@given(st.from_regex(r"[a-z0-9_-]{1,64}", fullmatch=True))
def test_a_template_finds_back_every_camera(name: str) -> None:
    template = ImageTemplate("site.1/{camera}/image")
    assert template.camera_of(template.topic_of(CameraId(name))) == name
    assert template.subscription == "site.1/+/image"
    assert template.camera_of(f"siteX1/{name}/image") is None


def test_evidence_is_filed_by_the_day_in_utc() -> None:
    late = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    key = evidence_key(NORTH, GATE, late, "e" * 64)
    assert key == f"evidence/north/gate/2025/12/31/{'e' * 64}.jpg"
    assert is_evidence_key(key)
    assert not is_evidence_key("evidence/../../etc/passwd")
    assert (
        verdict_key(NORTH, report_id(NORTH, GATE, 1, 2, 3))
        == "verdicts/north/north.gate.1.2.3.json"
    )


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 10**6))
def test_every_report_id_that_is_made_is_accepted(epoch: int, track: int, sequence: int) -> None:
    assert is_report_id(report_id(NORTH, GATE, epoch, track, sequence))
    assert evidence_key(NORTH, GATE, datetime.now(UTC), "0" * 64)
