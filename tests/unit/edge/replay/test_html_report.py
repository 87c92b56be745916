"""The page of a replay: every alarm, and who was never reported, with the check that held it
back."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.replay.html_report import HtmlReportWriter
from edge.replay.player import SourceError, play
from tests.pages import Page
from tests.unit.edge.rolls import Roll
from tests.unit.edge.scenes import FindsDarkThings, picture

CAMERA = CameraId("yard")
WALK = Roll(
    *[picture(seed=n) for n in range(20)], *[picture(20 + 6 * n, seed=n) for n in range(40)]
)


def written(folder: Path, rule: dict[str, object], roll: Roll = WALK) -> Page:
    rules = [{"id": "person", "labels": ["person"]} | rule]
    config = EdgeConfig.model_validate(
        {"decide": {"rules": rules}, "cameras": {CAMERA: {"kind": "stream"}}}
    )
    out = HtmlReportWriter(folder / "page.html", Path("clips/<b>.avi"), config, CAMERA)
    for step in play(roll, config, CAMERA, 5.0, FindsDarkThings()):
        out.add(step)
    out.close()
    return Page((folder / "page.html").read_text("utf-8"))


def test_an_alarm_has_the_frame_the_pictures_for_the_cloud_and_the_reasons(tmp_path: Path) -> None:
    read = written(tmp_path, {})
    (alarm, *rest) = read.articles
    assert alarm.tone == "bad"
    assert "rule person, severity 2" in alarm.words
    assert "way of its feet in own heights" in alarm.words
    assert alarm.words.count("to be sent") >= 2
    assert len(alarm.pictures) >= 3
    assert rest == []
    assert "Replay of <b>.avi as camera yard" in read.words
    assert "60 frames: 0 rejected" in read.words


def test_who_is_never_told_is_a_filmstrip_with_the_check_value_and_limit(tmp_path: Path) -> None:
    (held,) = written(tmp_path, {"threshold": 0.9}).articles
    assert held.tone == "open"
    assert "#1 person" in held.words
    assert "rule person, threshold: held back in 39 of 39 rule results, in 37 alone" in held.words
    assert "0.80 < 0.90" in held.words
    assert len(held.pictures) == 8
    assert "021, 4.2 s" in held.words  # the first sight, and one of the last
    assert "057, 11.4 s" in held.words


def test_a_camera_with_nothing_before_it_has_nothing_to_show(tmp_path: Path) -> None:
    read = written(tmp_path, {}, Roll(*[picture(seed=n) for n in range(5)]))
    assert read.articles == []
    assert "Alarms (0)" in read.words


@pytest.mark.parametrize("name", ["no/page.html", "folder"])
def test_where_nothing_can_be_written_is_said_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceError, match="cannot be written"):
        HtmlReportWriter(tmp_path / name, Path("clip.avi"), EdgeConfig(), CAMERA)
