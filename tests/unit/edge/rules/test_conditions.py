"""Each condition of a rule: it decides, and its words name value and limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.schema import CameraConfig, DecideConfig, RuleConfig, TrackingConfig, ZoneConfig
from edge.records import RuleResult
from edge.rules import checks
from edge.rules.conditions import vote_median
from edge.rules.context import EvaluationContext, evaluation_context
from edge.rules.evaluate import Finding, evaluate_picture, evaluate_tracks
from edge.track.motion_verification import Foreground
from edge.track.track import Tracks
from edge.track.tracker import step
from tests.unit.edge.scenes import Row, seen, walker

SIZE = (640, 480)
UNSEEN, EVERYWHERE = Foreground(), Foreground(size=SIZE, watched=False)
STILL: dict[str, object] = {"must_move": False, "cooldown_s": 1000.0}


def rule(**keys: object) -> RuleConfig:
    return RuleConfig.model_validate({"id": "r", "labels": ["person"]} | STILL | keys)


def watch(
    rows: list[Row], *rules: RuleConfig, change: Foreground = UNSEEN, **more: object
) -> tuple[list[tuple[int, Finding]], list[RuleResult]]:
    """Findings with their frame, and all rule results, of one thing at 5 fps."""
    tracks = Tracks()
    findings: list[tuple[int, Finding]] = []
    rule_results: list[RuleResult] = []
    here = replace(EvaluationContext(rules=rules, size=SIZE), **more)  # type: ignore[arg-type]  # as given
    for n, row in enumerate(rows):
        tracks = step(tracks, seen(row), change, n / 5, TrackingConfig())
        evaluated = evaluate_tracks(tracks, here, n / 5)
        tracks = evaluated.tracks
        findings += [(n, finding) for finding in evaluated.findings]
        rule_results += evaluated.rule_results
    return findings, rule_results


STANDS = [walker(300, 0.8)] * 10


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"min_area": 0.01}, "share of the picture 0.0021 < 0.01"),
        ({"max_area": 0.001}, "share of the picture 0.0021 > 0.001"),
        ({"min_ratio": 0.5}, "width / height 0.40 < 0.50"),
        ({"max_ratio": 0.3}, "width / height 0.40 > 0.30"),
        ({"threshold": 0.9}, "person: median score of 10 frames 0.80 < 0.90"),
        ({"labels": ["dog"]}, "label person, wanted dog"),
        ({"loitering_s": 5}, "seconds of loitering 1.80 < 5.00"),
        ({"must_move": True}, "share of frames in which it moved 0.00 < 0.50 (0 of 10)"),
    ],
)
def test_a_condition_that_fails_is_the_reason_for_silence(
    keys: dict[str, object], words: str
) -> None:
    findings, rule_results = watch(STANDS, rule(**keys))
    assert findings == []
    assert words in checks.reasons(rule_results[-1])
    assert words in checks.whole(rule_results[-1], reported=False)


def test_a_condition_that_holds_is_among_the_reasons() -> None:
    ((_, finding),), _ = watch(STANDS, rule(min_area=0.001, max_ratio=1.0))
    assert "share of the picture 0.0021 >= 0.001" in finding.reasons
    assert "width / height 0.40 <= 1.00" in finding.reasons


def test_the_ratio_is_that_of_the_thing_where_the_stream_squeezes_it() -> None:
    squeezed, _ = watch(STANDS, rule(min_ratio=0.5), aspect=4 / 3)
    square, _ = watch(STANDS, rule(min_ratio=0.5))
    assert "width / height 0.53 >= 0.50" in squeezed[0][1].reasons
    assert square == []


def test_what_does_not_matter_is_not_mentioned() -> None:
    ((_, finding),), _ = watch(STANDS, rule())
    assert finding.reasons == ("person: median score of 2 frames 0.80 >= 0.35",)


def test_weak_and_foreign_votes_are_explained() -> None:
    rows = [walker(300, 0.8), walker(300, 0.2), walker(300, 0.2), walker(300, 0.8)]
    _, rule_results = watch(rows, rule(min_score=0.5, threshold=0.9))
    note = "(2 of them, under min_score 0.50 or of other labels, count 0)"
    assert checks.reasons(rule_results[-1])[0].endswith(note)


def test_loitering_counts_from_entering_the_zone() -> None:
    zone = ZoneConfig(
        id="door", polygon=((0.4, 0.2), (0.6, 0.2), (0.6, 0.6), (0.4, 0.6)), inertia_s=0
    )
    rows = [walker(200 + 16 * n, 0.8) for n in range(5)] + [walker(264, 0.8)] * 20
    findings, _ = watch(rows, rule(zones=["door"], loitering_s=2.0), zones=(zone,))
    assert [n for n, _ in findings] == [13]  # the feet pass x = 256 at frame 3, and 2 s are 10
    assert "seconds of loitering 2.00 >= 2.00" in findings[0][1].reasons


def test_a_line_rule_tells_each_crossing_once_though_another_rule_has_spoken() -> None:
    camera = CameraConfig.model_validate(
        {"lines": [{"id": "gate", "points": [[0.5, 0], [0.5, 1]]}]}
    )
    rows = [walker(270 + 8 * n, 0.8) for n in range(12)] + [walker(358, 0.8)] * 20
    findings, _ = watch(rows, rule(), rule(id="line", lines=["gate"]), lines=camera.lines)
    assert [(n, f.rule.id) for n, f in findings] == [(1, "r"), (6, "line")]
    assert "crossed line gate" in findings[1][1].reasons


def test_a_rise_in_severity_breaks_the_silence_and_nothing_else_does() -> None:
    door = ZoneConfig(
        id="door", polygon=((0.5, 0), (1, 0), (1, 1), (0.5, 1)), inertia_s=0, severity=2
    )
    rows = [walker(270 + 8 * n, 0.8) for n in range(12)]
    findings, _ = watch(rows, rule(severity=1), rule(id="also", severity=1), zones=(door,))
    assert [(n, f.rule.id, f.severity) for n, f in findings] == [(1, "r", 1), (6, "r", 2)]


def test_no_severity_of_a_place_or_an_hour_is_over_that_of_the_edge() -> None:
    for section in ({"zones": [{"id": "z", "polygon": [[0, 0], [1, 0], [1, 1]], "severity": 3}]},):
        with pytest.raises(ValueError, match="less than or equal to 2"):
            CameraConfig.model_validate(section)


NIGHTS = {"id": "nights", "time_zone": "Europe/Berlin", "severity": 2}
HOURS = DecideConfig.model_validate(
    {"schedules": [NIGHTS | {"windows": [{"begin": "22:00", "end": "06:00"}]}]}
)


@pytest.mark.parametrize(
    ("at", "severity"),
    [(datetime(2026, 1, 5, 20, tzinfo=UTC), None), (datetime(2026, 1, 5, 22, tzinfo=UTC), 2)],
)
def test_hours_decide_and_raise(at: datetime, severity: int | None) -> None:
    decide = HOURS.model_copy(update={"rules": (rule(schedules=["nights"], severity=0),)})
    here = evaluation_context(CameraConfig(), decide, SIZE, at, night=False)
    findings, rule_results = watch(STANDS, *here.rules, hours=here.hours)
    assert [f.severity for _, f in findings] == ([] if severity is None else [severity])
    if severity is None:
        assert checks.reasons(rule_results[-1]) == (
            "within schedule none, wanted nights (mon 21:00 Europe/Berlin)",
        )


def test_a_disarmed_camera_raises_nothing_and_says_so() -> None:
    findings, rule_results = watch(STANDS, rule(), armed=False)
    assert findings == []
    assert checks.reasons(rule_results[-1]) == ("camera armed OFF, wanted ON",)
    assert (
        evaluate_picture(
            seen(STANDS[0]), EvaluationContext(rules=(rule(),), size=SIZE, armed=False), 1
        )[0]
        == ()
    )


def test_at_night_the_rules_of_the_night_hold_and_are_named() -> None:
    by_night = rule(threshold=0.9, night={"threshold": 0.5})
    decide = DecideConfig(rules=(by_night,))
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    for night in (False, True):
        here = evaluation_context(CameraConfig(), decide, SIZE, noon, night=night)
        findings, _ = watch(STANDS, *here.rules, night=night)
        assert bool(findings) is night
        assert all(f.reasons[-1] == "by the rule's night values" for _, f in findings)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0, 1))
def test_the_vote_fires_only_if_half_of_at_least_three_votes_reach_the_threshold(
    scores: list[float], threshold: float
) -> None:
    middle = vote_median(tuple(scores))
    padded = sorted([*scores, *[0.0] * (3 - len(scores))])
    assert padded[0] <= middle <= padded[-1]
    reached = sum(score >= threshold for score in padded)
    if middle >= threshold:
        assert 2 * reached >= len(padded)
    elif threshold > 0:
        assert 2 * reached <= len(padded)


@given(
    st.lists(
        st.tuples(st.floats(0.05, 1), st.sampled_from(["person", "car"])), min_size=1, max_size=25
    ),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_rule_result_fires_exactly_when_all_its_checks_pass(
    sights: list[tuple[float, str]], threshold: float, min_score: float
) -> None:
    rows = [walker(300, score, label) for score, label in sights]
    findings, rule_results = watch(
        rows, rule(threshold=threshold, min_score=min_score, cooldown_s=0)
    )
    fired = [j for j in rule_results if j.fired]
    assert len(fired) == len(findings)
    assert all(checks.reasons(j) for j in rule_results)
    for rule_result in rule_results:
        failed = [c for c in rule_result.checks if not c.passed]
        assert rule_result.fired is (not failed)
        assert rule_result.fired or len(checks.reasons(rule_result)) == len(failed)


def test_cameras_are_evaluated_by_their_own_rules() -> None:
    own = CameraConfig(rules=(rule(id="own"),))
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert [
        r.id for r in evaluation_context(own, DecideConfig(), SIZE, noon, night=False).rules
    ] == ["own"]


@pytest.mark.parametrize(("stays", "told"), [(0.9, False), (0.2, True), (None, True)])
def test_a_vehicle_whose_earlier_place_still_shows_it_has_not_moved(
    stays: float | None, told: bool
) -> None:
    cars = rule(labels=["car"], must_move=True)
    driving = [walker(100 + 8 * n, 0.8, "car") for n in range(10)]
    findings, rule_results = watch(
        driving, cars, change=EVERYWHERE, stays=lambda _track, _box: stays
    )
    assert bool(findings) == told
    said = [checks.words(check) for rule_result in rule_results for check in rule_result.checks]
    held = "similarity of where it was before to what is there now 0.90 > 0.75"
    assert (held in said) == (not told)
