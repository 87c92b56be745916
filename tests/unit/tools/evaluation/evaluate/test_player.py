"""The runner: how long an alarm runs, and what kind of camera is played."""

import pytest

from contract.ids import CameraId
from edge.config.schema import CameraConfig, EdgeConfig, ZoneConfig
from tools.evaluation.evaluate.confirmation import alive_until
from tools.evaluation.evaluate.player import as_kind


@pytest.mark.parametrize(
    ("lives", "until_s"),
    [
        ([], 3.0),
        ([(4.0, False)], 3.0),
        ([(4.0, True), (5.0, True), (6.0, False)], 5.0),
        ([(4.0, True), (5.0, False), (6.0, True)], 4.0),
    ],
    ids=["at the end", "dead at once", "until its last frame", "a number used again"],
)
def test_an_alarm_runs_until_its_track_dies(
    lives: list[tuple[float, bool]], until_s: float
) -> None:
    assert alive_until(3.0, lives) == until_s


def test_a_camera_is_played_as_asked_and_keeps_its_other_settings() -> None:
    yard = CameraConfig(zones=(ZoneConfig(id="lawn", polygon=((0, 0), (1, 0), (1, 1))),))
    config = as_kind(EdgeConfig(cameras={"yard": yard}), CameraId("yard"), "stream")
    assert config.cameras["yard"].kind == "stream"
    assert config.cameras["yard"].zones == yard.zones


def test_a_camera_that_is_not_listed_is_played_with_the_defaults() -> None:
    config = EdgeConfig(camera_defaults=CameraConfig(snapshot_after_s=7.0))
    played = as_kind(config, CameraId("stills"), "snapshot").cameras["stills"]
    assert (played.kind, played.snapshot_after_s) == ("snapshot", 7.0)
