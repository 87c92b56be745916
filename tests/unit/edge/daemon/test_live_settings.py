"""Thresholds, profile and tests of alarms: within bounds, kept with who and when, and ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId, GatewayId
from contract.topics import SITE, LiveSetting, Topics
from edge.config.load import read
from edge.config.overridden import overridden, replayed, thresholds
from edge.config.profiles import LiveValues
from edge.config.schema import EdgeConfig
from edge.daemon.kept_settings import FILE
from edge.daemon.live_command import Command, read_command
from edge.daemon.live_settings import SETTINGS, LiveSettings
from edge.errors import ConfigError
from tests.fakes import ManualClock, recorded_events

YARD, GATE = CameraId("yard"), CameraId("gate")
TOPICS = Topics(gateway=GatewayId("gw"))
CONFIG = EdgeConfig.model_validate(
    {
        "cameras": {"yard": {}, "gate": {"armed": False}},
        "profiles": {
            "away": {"armed": True, "min_score": 0.2, "cameras": {"gate": {"min_score": 0.6}}},
            "night": {"threshold": 0.5},
        },
    }
)


def opened(folder: Path, clock: ManualClock) -> LiveSettings:
    return LiveSettings(folder, TOPICS, clock, {YARD, GATE}.__contains__, lambda: CONFIG.profiles)


def wish(one: LiveSettings, camera: CameraId, setting: LiveSetting, payload: str) -> None:
    topic = TOPICS.of_setting(camera, setting, "set")
    assert one.on_message(topic, payload.encode(), retained=False)


def said(one: LiveSettings, *cameras: CameraId) -> dict[str, str]:
    config = overridden(CONFIG, one.values)
    return {
        state.topic.removeprefix("stillwatch/gw/"): state.payload.decode()
        for state in one.states(config, cameras)
    }


def test_a_threshold_holds_for_its_camera_over_a_restart_with_who_and_when(tmp_path: Path) -> None:
    clock = ManualClock()
    one = opened(tmp_path, clock)
    wish(one, YARD, "min_score", '{"value": 0.7, "by": "anna"}')
    assert one.turn() == (YARD,)
    again = opened(tmp_path, clock)
    assert said(again, YARD)["yard/min_score/state"] == "0.7"
    assert said(again, GATE)["gate/min_score/state"] == "0.3"
    kept = json.loads(json.dumps(again.facts()))["live"]["yard"]["min_score"]
    assert (kept["value"], kept["by"], kept["at"][:4]) == (0.7, "anna", f"{clock.now().year}")
    wish(again, YARD, "min_score", "default")
    again.turn()
    assert said(again, YARD)["yard/min_score/state"] == "0.3"
    assert again.facts()["live"] == {}


def test_a_profile_is_for_all_cameras_and_a_camera_s_own_word_comes_first(tmp_path: Path) -> None:
    one = opened(tmp_path, ManualClock())
    wish(one, SITE, "profile", "away")
    one.turn()
    config = overridden(CONFIG, one.values)
    assert one.profile_name == "away"
    assert config.cameras["gate"].armed
    assert thresholds(config, YARD)["min_score"] == 0.2
    assert thresholds(config, GATE)["min_score"] == 0.6
    assert thresholds(config, CameraId("found-later"))["min_score"] == 0.2
    wish(one, SITE, "profile", "none")
    one.turn()
    assert overridden(CONFIG, one.values) is CONFIG
    assert said(one, SITE)["_site/profile/state"] == "none"
    assert one.profile_name is None


def test_a_new_profile_overrides_what_was_set_before_and_is_overridden_after(
    tmp_path: Path,
) -> None:
    one = opened(tmp_path, ManualClock())
    wish(one, YARD, "min_score", "0.9")
    wish(one, YARD, "threshold", "0.8")
    one.turn()
    wish(one, SITE, "profile", "away")
    one.turn()
    assert said(one, YARD)["yard/min_score/state"] == "0.2"
    assert said(one, YARD)["yard/threshold/state"] == "0.8"
    wish(one, YARD, "min_score", "0.9")
    one.turn()
    assert said(one, YARD)["yard/min_score/state"] == "0.9"


def test_a_profile_that_the_file_no_longer_has_changes_nothing(tmp_path: Path) -> None:
    gone = overridden(CONFIG, LiveValues(profile="holiday"))
    assert gone is CONFIG
    wish(one := opened(tmp_path, ManualClock()), SITE, "profile", "away")
    one.turn()
    again = LiveSettings(tmp_path, TOPICS, ManualClock(), {YARD}.__contains__, dict)
    assert (one.profile_name, again.profile_name) == ("away", None)


def test_rules_keep_the_rest_and_their_night_gives_way() -> None:
    rule = {"id": "r", "labels": ["person"], "min_area": 0.1,
            "night": {"min_score": 0.1, "min_area": 0.2}}  # fmt: skip
    config = EdgeConfig.model_validate({"cameras": {"yard": {"rules": [rule]}}})
    (found,) = (
        overridden(config, LiveValues(thresholds={YARD: {"min_score": 0.7}})).cameras["yard"].rules
        or ()
    )
    assert (found.min_score, found.at_night().min_score) == (0.7, 0.7)
    assert (found.min_area, found.at_night().min_area) == (0.1, 0.2)


def test_a_test_of_alarms_ends_by_itself_also_after_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    one = opened(tmp_path, clock)
    wish(one, YARD, "on_test", "10")
    one.turn()
    assert one.on_test(YARD)
    assert not one.on_test(GATE)
    clock.advance(300)
    again = opened(tmp_path, clock)
    assert again.on_test(YARD)
    assert said(again, YARD)["yard/on_test/state"] == "ON"
    clock.advance(301)
    assert not again.on_test(YARD)
    with recorded_events() as lines:
        assert again.turn() == (YARD,)
    assert [line.event for line in lines] == ["setting_changed"]
    assert said(again, YARD)["yard/on_test/state"] == "OFF"
    assert again.turn() == ()
    wish(again, SITE, "on_test", "ON")
    again.turn()
    assert again.on_test(GATE)
    wish(again, SITE, "on_test", "OFF")
    again.turn()
    assert not again.on_test(GATE)


@pytest.mark.parametrize(
    ("camera", "setting", "payload", "reason"),
    [
        (YARD, "min_score", "0", "neither a number from 0.05"),
        (YARD, "min_score", "1e99", "neither a number"),
        (YARD, "threshold", "nan", "neither a number"),
        (YARD, "on_test", "481", "neither minutes"),
        (YARD, "on_test", "-1", "neither minutes"),
        (SITE, "profile", "holiday", "no profile of that name: away, night, none"),
        (YARD, "profile", "away", "of the whole site"),
        (SITE, "min_score", "0.5", "of one camera"),
        (CameraId("stranger"), "min_score", "0.5", "not known here"),
        (YARD, "min_score", '{"value": 0.5, "by": "' + "x" * 65 + '"}', "`by`"),
        (YARD, "min_score", "[" * 400, "neither a number"),
        (YARD, "min_score", " " * 501, "more than 500"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_the_reason(
    tmp_path: Path, camera: CameraId, setting: LiveSetting, payload: str, reason: str
) -> None:
    one = opened(tmp_path, ManualClock())
    with recorded_events() as lines:
        wish(one, camera, setting, payload)
    assert reason in str(lines[0].fields["reason"])
    assert one.turn() == ()


def test_a_retained_command_and_foreign_topics_are_not_taken(tmp_path: Path) -> None:
    one = opened(tmp_path, ManualClock())
    assert one.on_message(TOPICS.of_setting(YARD, "min_score", "set"), b"0.5", retained=True)
    assert not one.on_message(TOPICS.of_setting(YARD, "armed", "set"), b"ON", retained=False)
    assert not one.on_message("stillwatch/other/yard/min_score/set", b"0.5", retained=False)
    assert one.turn() == ()


@given(st.sampled_from(SETTINGS), st.binary(max_size=600))
def test_no_bytes_make_it_raise(setting: LiveSetting, payload: bytes) -> None:
    assert isinstance(read_command(setting, payload, ("away",)), str | Command)


@pytest.mark.parametrize("kept", [b"", b"{", b"[]", b'{"yard": {"min_score": {"value": {}}}}'])
def test_a_damaged_file_is_said_and_counts_for_nothing(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / FILE).write_bytes(kept)
    with recorded_events() as lines:
        assert opened(tmp_path, ManualClock()).values == LiveValues()
    assert [line.event for line in lines] == ["switches_lost"]


def test_a_kept_number_beyond_the_bounds_is_not_in_force(tmp_path: Path) -> None:
    at = "2026-01-01T00:00:00Z"
    (tmp_path / FILE).write_text(json.dumps({"yard": {"min_score": {"value": 7, "at": at}}}))
    assert opened(tmp_path, ManualClock()).values == LiveValues()


def test_no_profile_has_the_name_by_which_none_is_chosen() -> None:
    with pytest.raises(ConfigError, match=r"profiles\.none: the word chooses no profile"):
        read(b"profiles: {none: {armed: false}}", {})


def test_frames_judged_once_more_are_under_the_thresholds_and_armed_as_the_file_has_it() -> None:
    under = replayed(CONFIG, LiveValues(profile="away"))
    assert [rule.min_score for rule in under.of_camera("gate").rules or ()][:1] == [0.6]
    assert (under.of_camera("gate").armed, under.of_camera("yard").armed) == (False, True)
    assert overridden(CONFIG, LiveValues(profile="away")).of_camera("gate").armed
