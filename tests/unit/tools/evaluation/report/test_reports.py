"""The reports: the keys that others read, every miss by name, plots that are pictures."""

import json
from pathlib import Path

import cv2
import pytest

from tests.evaluations import PICTURES, decided, one_frame_a_second
from tools.evaluation.evaluate.score import score
from tools.evaluation.evaluate.totals import Evaluation, Subject, add_up
from tools.evaluation.report.figures import report
from tools.evaluation.report.markdown import markdown
from tools.evaluation.report.plots import draw_all

MOVING = "." * 14 + "MM" + "." * 24


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """One event found, one missed, one false alarm, one suspicion refuted."""
    run = one_frame_a_second(
        decided(6.0), decided(15.0, label="car"), decided(31.0, decision="refuted"), moving=MOVING
    )
    scores = (score(run),)
    subject = Subject(
        corpus="made up",
        config="defaults",
        edge_model="edge",
        edge_sha256="0" * 64,
        edge_runtime="litert",
        cloud_model="cloud",
        cloud_sha256="1" * 64,
        only=(),
        limit=None,
        wall_s=1.0,
    )
    return Evaluation(subject=subject, scores=scores, totals=add_up(scores), stills=PICTURES)


def test_the_top_level_says_what_others_read(evaluation: Evaluation) -> None:
    found = json.loads(json.dumps(report(evaluation), allow_nan=False))
    people = found["events"]["person"]
    assert (people["total"], people["found"]) == (2, 1)
    assert found["events"]["vehicle"]["total"] == 0
    assert found["false_alarms"] == 1
    assert found["motion_false_alarms"] == 1
    assert found["reduction"] == 0.0
    assert found["against_motion"]["no_vehicle"]["motion_false_alarms"] == 1
    assert found["against_motion"]["no_person"]["reduction"] == 1.0
    assert (found["bytes_in"], found["bytes_out"]) == (40_000, 900)
    assert [row["id"] for row in found["sequences"]] == ["made_up"]


def test_sequences_add_up_to_the_top_level(evaluation: Evaluation) -> None:
    found = json.loads(json.dumps(report(evaluation)))
    for key in ("false_alarms", "motion_false_alarms", "bytes_in", "bytes_out", "wrong_class"):
        assert sum(row[key] for row in found["sequences"]) == found[key]


def test_bicycles_are_told_beside_the_classes_that_alarms_are_about(
    evaluation: Evaluation,
) -> None:
    found = json.loads(json.dumps(report(evaluation)))
    assert set(found["events"]) == {"person", "vehicle"}
    assert "total" in found["bicycle_events"]


def test_the_text_names_every_miss_and_every_wrong_alarm(evaluation: Evaluation) -> None:
    text = markdown(evaluation, ["plots/made_up.png"])
    assert "| made_up | person | 30.0 to 34.0 s | by the cloud |" in text
    assert "| made_up | vehicle | 15.0 to 15.0 s | false |" in text
    assert "phantom.jpg" in text
    assert "![plots/made_up.png](plots/made_up.png)" in text


def test_the_text_holds_false_alarms_against_plain_motion(evaluation: Evaluation) -> None:
    text = markdown(evaluation, [])
    (row,) = [line for line in text.splitlines() if line.startswith("| no person in view |")]
    assert "| 100.0 % (" in row
    assert "about nothing" not in text


def test_every_table_of_the_text_is_rectangular(evaluation: Evaluation) -> None:
    tables = markdown(evaluation, []).split("\n\n")
    for table in (part.splitlines() for part in tables if part.startswith("|")):
        assert len({line.count("|") for line in table}) == 1, table[0]


def test_plots_are_drawn_for_every_sequence(evaluation: Evaluation, tmp_path: Path) -> None:
    files = draw_all(tmp_path / "plots", evaluation.scores, evaluation.totals)
    assert [file.name for file in files] == ["false_alarms.png", "made_up.png"]
    for file in files:
        picture = cv2.imread(str(file))
        assert picture is not None
        assert picture.std() > 1
