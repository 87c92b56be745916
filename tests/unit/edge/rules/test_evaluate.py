"""Rules: the median of several frames decides, in the right place, for what moves, once."""

import numpy as np
import pytest

from edge.config.schema import RuleConfig, TrackingConfig, ZoneConfig
from edge.rules.conditions import vote_median
from edge.rules.context import EvaluationContext
from edge.rules.evaluate import Finding, evaluate_picture, evaluate_tracks
from edge.track.motion_verification import Foreground
from edge.track.track import Tracks
from edge.track.tracker import step
from tests.unit.edge.scenes import seen, walker

PERSON = RuleConfig(id="person", labels=("person",), threshold=0.5, min_score=0.4)
SIZE = (640, 480)
EVERYWHERE = Foreground(size=SIZE, mask=np.full((120, 160), 255, np.uint8))


def watch(
    scores: list[float],
    rule: RuleConfig = PERSON,
    zones: tuple[ZoneConfig, ...] = (),
    speed: float = 8.0,
    moving: bool = True,
) -> list[tuple[int, Finding]]:
    """Findings with their frame number, for a walker seen with `scores` at 5 fps."""
    tracks, findings = Tracks(), []
    for n, score in enumerate(scores):
        rows = seen(walker(10 + speed * n, score))
        change = EVERYWHERE if moving else Foreground()
        tracks = step(tracks, rows, change, n / 5, TrackingConfig())
        evaluated = evaluate_tracks(
            tracks, EvaluationContext(rules=(rule,), zones=zones, size=SIZE), n / 5
        )
        tracks = evaluated.tracks
        findings += [(n, finding) for finding in evaluated.findings]
    return findings


def test_one_lucky_frame_is_no_threat_and_two_of_three_are() -> None:
    assert vote_median((0.9,)) == 0.0
    assert vote_median((0.9, 0.8)) == 0.8
    assert watch([0.9]) == []
    assert [n for n, _ in watch([0.9, 0.8])] == [1]


def test_scores_under_min_score_count_as_nothing() -> None:
    assert watch([0.39] * 10) == []
    assert watch([0.9, 0.39, 0.39, 0.9, 0.39]) == []


def test_the_reasons_name_value_and_limit() -> None:
    ((_, finding),) = watch([0.8, 0.7, 0.6])
    assert finding.reasons == (
        "person: median score of 2 frames 0.70 >= 0.50",
        "share of frames in which it moved 1.00 >= 0.50 (2 of 2)",
        "way of its feet in own heights 0.20 >= 0.20",
    )


def test_a_statue_is_no_threat_however_sure_the_network_is() -> None:
    assert watch([0.95] * 20, speed=0.0) == []
    assert watch([0.95] * 20, moving=False) == []
    still = PERSON.model_copy(update={"must_move": False})
    assert watch([0.95] * 3, rule=still, speed=0.0, moving=False)


def test_only_a_settled_zone_of_the_rule_counts() -> None:
    right = ZoneConfig(id="right", polygon=((0.1, 0), (1, 0), (1, 1), (0.1, 1)), inertia_s=0.6)
    rule = PERSON.model_copy(update={"zones": ("right",)})
    ((frame, finding),) = watch([0.8] * 12, rule=rule, zones=(right,))
    assert finding.zones == ("right",)
    assert frame == 9  # the feet pass x = 64 at frame 6, and 0.6 s later is frame 9
    assert "stands in zone right" in finding.reasons


def test_a_track_that_stays_is_told_again_after_silences_that_double() -> None:
    rule = PERSON.model_copy(update={"cooldown_s": 2.0})
    raised = [(n, f.sequence) for n, f in watch([0.8] * 40, rule=rule, speed=2.0)]
    # first once it has moved 0.2 of its height (8 px: frame 4), then 2 s and 4 s later
    assert raised == [(4, 0), (14, 1), (34, 2)]


@pytest.mark.parametrize(
    ("label", "score", "found"),
    [("person", 0.6, True), ("person", 0.3, False), ("dog", 0.9, False)],
)
def test_a_stand_alone_frame_is_evaluated_by_detection_alone(
    label: str, score: float, found: bool
) -> None:
    findings, _ = evaluate_picture(
        seen(walker(10, score, label)), EvaluationContext(rules=(PERSON,), size=SIZE), 7
    )
    assert [(f.track, f.sequence) for f in findings] == ([(7, 0)] if found else [])


def test_a_stand_alone_frame_respects_zones_too() -> None:
    left = ZoneConfig(id="left", polygon=((0, 0), (0.2, 0), (0.2, 1), (0, 1)))
    rule = PERSON.model_copy(update={"zones": ("left",)})
    context = EvaluationContext(rules=(rule,), zones=(left,), size=SIZE)
    assert evaluate_picture(seen(walker(10)), context, 1)[0]
    assert not evaluate_picture(seen(walker(300)), context, 1)[0]


def test_a_small_vehicle_in_a_stand_alone_frame_is_taken_for_a_parked_one() -> None:
    rule = RuleConfig(id="vehicle", labels=("car",), snapshot_min_area=0.02)
    near = ("car", 0.8, (100.0, 100.0, 300.0, 200.0))
    far = ("car", 0.8, (100.0, 100.0, 140.0, 130.0))
    context = EvaluationContext(rules=(rule,), size=SIZE)
    assert evaluate_picture(seen(near), context, 1)[0]
    assert not evaluate_picture(seen(far), context, 1)[0]


def test_what_was_seen_badly_is_told_again_when_it_is_seen_clearly_better() -> None:
    rule = PERSON.model_copy(update={"threshold": 0.4, "cooldown_s": 60.0})
    assert [n for n, _ in watch([0.42] * 10 + [0.5] * 10, rule=rule)] == [1]
    assert [n for n, _ in watch([0.42] * 10 + [0.55] * 10, rule=rule)] == [1, 10]
    assert [n for n, _ in watch([0.6] * 10 + [0.9] * 10, rule=rule)] == [1]
