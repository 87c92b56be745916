"""Composed scenes from the real recording, evaluated from edge to cloud without being stored."""

from __future__ import annotations

import pytest

from tests.scenes.evaluated import Evaluated, composed

NUISANCES = ("rain", "clock", "statues")
MINUTES = 1.5
WALKER_BANDS = 8


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    scenes = ["--scenes", *NUISANCES, "walk_day", "--places", "plaza"]
    size = ["--hours", str(MINUTES / 60), "--walkers", "1"]
    return composed(tmp_path_factory, *scenes, *size)


def test_no_frame_is_stored(found: Evaluated) -> None:
    assert [path.name for path in found.corpus.iterdir()] == ["manifest.json"]


def test_camera_hours_and_false_alarms_stand_by_nuisance(found: Evaluated) -> None:
    rows = {row["nuisance"]: row for row in found.report["nuisances"]}
    assert list(rows) == [*NUISANCES, "all"]
    assert rows["all"]["camera_hours"] == pytest.approx(MINUTES / 60, abs=1e-3)
    assert rows["all"]["frames"] == sum(rows[name]["frames"] for name in NUISANCES) > 60
    assert 0 < rows["all"]["analysed"] <= rows["all"]["frames"]
    low, high = rows["all"]["per_camera_hour_interval"]
    assert low <= rows["all"]["per_camera_hour"] < high


def test_the_share_of_frames_that_reached_the_detector_is_told(found: Evaluated) -> None:
    report = found.report
    assert report["frames"] == sum(row["frames"] for row in report["sequences"])
    assert 0 < report["analysed"] <= report["frames"]
    assert report["inferences_per_analysed_frame"] >= 1


def test_rain_and_a_clock_raise_no_alarm(found: Evaluated) -> None:
    rows = {row["nuisance"]: row for row in found.report["nuisances"]}
    assert rows["rain"]["false_alarms"] == rows["clock"]["false_alarms"] == 0


def test_tall_walkers_are_found_and_every_walker_is_counted_once(found: Evaluated) -> None:
    bands = found.report["people_by_height"]
    assert sum(band["events"]["total"] for band in bands) == WALKER_BANDS
    tallest = bands[-1]
    assert tallest["from_px"] == 80
    assert tallest["events"]["found"] == tallest["events"]["total"] == 1
    assert 0 < tallest["boxes"]["found"] <= tallest["boxes"]["total"]
    assert list(found.report["people_by_walk"]) == ["walk_day"]


def test_the_report_shows_tables_and_the_curve(found: Evaluated) -> None:
    text = (found.out / "report.md").read_text()
    assert "## False alarms by nuisance" in text
    assert "## People by height" in text
    assert (found.out / "plots" / "heights.png").stat().st_size > 1000
