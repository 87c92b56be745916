"""The path of a frame: every frame ends somewhere, things in motion raise one candidate, once."""

import json
from pathlib import Path

import pytest

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.records import AlertCandidate, Analysed, Quiet
from edge.replay.player import ReplayStep, open_source, play
from edge.replay.text_report import FrameCounts, explained, line
from imaging.admission import Reason, Rejected
from tests.unit.edge.rolls import Roll
from tests.unit.edge.scenes import FindsDarkThings, picture

CAMERA = CameraId("yard")


def config(**camera: object) -> EdgeConfig:
    return EdgeConfig.model_validate({"cameras": {CAMERA: camera}})


def run(
    pictures: list[bytes], fps: float = 5.0, settings: EdgeConfig | None = None
) -> tuple[list[ReplayStep], list[AlertCandidate]]:
    steps = list(
        play(Roll(*pictures), settings or config(kind="stream"), CAMERA, fps, FindsDarkThings())
    )
    return steps, [candidate for step in steps for candidate in step.candidates]


WALK = [picture(seed=n) for n in range(20)] + [picture(20 + 6 * n, seed=n) for n in range(20)]


def test_a_walker_raises_one_case_with_evidence_of_itself() -> None:
    steps, (candidate,) = run(WALK)
    assert candidate.suspicion.report_id == "gateway.yard.0.1.0"
    assert candidate.suspicion.label == "person"
    assert candidate.best_box[1::2] == pytest.approx((100, 160), abs=3)
    assert candidate.best.width == 320
    assert all(decoded.frame is not candidate.best.frame for decoded in candidate.context)
    raised = next(n for n, step in enumerate(steps) if step.candidates)
    assert 21 <= raised <= 23


def test_the_takes_of_a_walker_are_of_different_moments() -> None:
    _, (candidate,) = run(WALK, fps=3)
    times = [candidate.best.frame.received_mono_s, *(one.at_s for one in candidate.others)]
    assert len(times) == 1 + len(candidate.others) == 2
    assert abs(times[0] - times[1]) >= 0.3
    assert candidate.others[0].box != candidate.best_box


def test_cases_of_one_event_share_the_view_of_the_scene() -> None:
    empty = [picture(seed=n) for n in range(20)]
    again = [picture(20 + 6 * n, seed=n) for n in range(20)]
    settings = EdgeConfig.model_validate(
        {
            "cameras": {CAMERA: {"kind": "stream"}},
            "decide": {
                "rules": [{"id": "person", "labels": ["person"], "cooldown_s": 1}],
                "deduplication": {"enabled": False},
            },
        }
    )
    _, candidates = run([*empty, *again, *empty, *empty, *empty, *again], settings=settings)
    first, second, *_, last = candidates
    assert first.view is not None
    assert second.view is first.view, "the second candidate belongs to the same event"
    assert last.view is not None
    assert last.view is not first.view


def test_an_empty_yard_goes_quiet_and_every_frame_is_accounted_for() -> None:
    steps, candidates = run([picture(seed=n) for n in range(40)])
    tally = FrameCounts()
    for step in steps:
        tally.count(step)
    assert candidates == []
    assert tally.received == 40 == tally.rejected + tally.quiet + tally.analysed
    assert tally.quiet >= 25
    assert isinstance(steps[-1].outcome, Quiet)


def test_a_damaged_frame_is_rejected_and_costs_nothing_else() -> None:
    damaged = [b"", b"\xff\xd8\xff\xe0 no picture", *WALK]
    steps, candidates = run(damaged)
    outcomes = [step.outcome for step in steps[:2]]
    assert [o.reason for o in outcomes if isinstance(o, Rejected)] == [
        Reason.EMPTY,
        Reason.TRUNCATED,
    ]
    assert len(candidates) == 1


def test_a_snapshot_camera_is_evaluated_frame_by_frame() -> None:
    pictures = [picture(100, seed=n) for n in range(3)]
    steps, candidates = run(pictures, fps=0.3, settings=config(kind="snapshot"))
    assert [len(step.candidates) for step in steps] == [1, 1, 1]
    assert len({candidate.suspicion.report_id for candidate in candidates}) == 3


def test_auto_takes_frames_that_stand_alone_for_snapshots() -> None:
    pictures = [picture(100), picture(), picture(50)]
    steps, _ = run(pictures, fps=0.1, settings=config(kind="auto"))
    assert [len(step.candidates) for step in steps] == [1, 0, 1]


def test_auto_evaluates_a_burst_too_short_to_vote_by_its_best_frame() -> None:
    steps, (candidate,) = run([picture(), picture(100)], settings=config(kind="auto"))
    assert "single picture" in candidate.suspicion.reasons[0]
    assert [len(step.candidates) for step in steps] == [0, 1]


def test_auto_lets_a_stream_vote() -> None:
    _, candidates = run(WALK, settings=config(kind="auto"))
    assert ["median" in candidate.suspicion.reasons[0] for candidate in candidates] == [True]


def test_a_change_of_resolution_does_not_carry_tracks_over() -> None:
    small = [picture(20 + 6 * n, seed=n, size=(480, 360)) for n in range(10)]
    steps, _ = run([*WALK, *small])
    assert isinstance(steps[-1].outcome, Analysed)
    assert steps[39].live.isdisjoint(steps[-1].live)


def test_two_runs_of_a_replay_give_equal_bytes() -> None:
    first, second = (
        "\n".join(line(step) for step in run(WALK, settings=config(kind="auto"))[0])
        for _ in range(2)
    )
    assert first == second
    assert json.loads(first.splitlines()[0])["outcome"] == "analysed"


def test_a_folder_is_played_in_name_order_without_its_notes(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.jpg", "manifest.json", ".hidden.jpg"):
        (tmp_path / name).write_bytes(picture())
    assert [name for name, _ in open_source(tmp_path)] == ["a.jpg", "b.jpg"]


def test_every_thing_is_evaluated_by_every_rule_until_one_fires() -> None:
    steps, _ = run(WALK)
    raised = next(step for step in steps if step.candidates)
    (rule_result,) = raised.rule_results
    assert rule_result.fired
    assert [check.name for check in rule_result.checks] == [
        "labels",
        "threshold",
        "must_move",
        "min_travel",
    ]
    before = [j for step in steps[20:] for j in step.rule_results if step.t < raised.t]
    assert before
    assert not any(rule_result.fired for rule_result in before)


def test_a_replay_explains_each_frame_in_words_and_in_json() -> None:
    steps, _ = run(WALK)
    raised = next(step for step in steps if step.candidates)
    first, second = explained(raised)
    assert first.endswith("analysed: motion")
    assert second.startswith("  track 1 person: person fires: person: median score of 3 frames")
    told = json.loads(line(raised, explain=True))["rule_results"]
    assert [one["fired"] for one in told] == [True]
    assert told[0]["checks"][1] == {
        "name": "threshold",
        "value": 0.8,
        "limit": 0.35,
        "passed": True,
        "words": "person: median score of 3 frames 0.80 >= 0.35",
    }
    assert "rule_results" not in json.loads(line(raised))
