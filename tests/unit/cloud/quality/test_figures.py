"""What was kept from people, and what threats with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cloud.index.summary import AlarmState
from cloud.quality.cases import QualityCase
from cloud.quality.figures import (
    camera_of,
    idle,
    noisiest,
    quality_by,
    quality_of,
    threats_by_hour,
    threshold_effects,
)
from contract.ids import CameraId, GatewayId
from contract.operator_action import OutcomeCode
from service.intervals import wilson

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def case(
    state: AlarmState,
    outcome: OutcomeCode | None = None,
    *,
    camera: str = "gate",
    score: float = 0.5,
    audit: bool = False,
    hour: int = 0,
) -> QualityCase:
    return QualityCase(
        gateway=GatewayId("north"),
        camera=CameraId(camera),
        label="person",
        raised_at=NOON + timedelta(hours=hour),
        state=state,
        outcome=outcome,
        edge_score=score,
        audit=audit,
    )


def test_reduction_counts_decided_suspicions_that_nobody_was_told_of() -> None:
    cases = [case("refuted")] * 7 + [case("confirmed"), case("unconfirmed"), case("inconclusive")]
    found = quality_of([*cases, case("pending"), case("refuted", audit=True)])
    assert (found.reduction.hits, found.reduction.cases, found.suspicions) == (7, 10, 11)
    assert found.reduction.interval == wilson(0.7, 10)


def test_recall_counts_what_was_refuted_reported_as_missed_and_found_by_audits() -> None:
    found = quality_of(
        [
            *[case("confirmed", "real")] * 6,
            case("refuted", "real"),
            case("confirmed", "false"),
            case("confirmed", audit=True),
            case("confirmed", "false", audit=True),
            case("refuted", audit=True),
        ],
        missed=2,
    )
    assert (found.recall.hits, found.recall.cases) == (6, 10)
    assert (found.precision.hits, found.precision.cases) == (6, 7)


def test_without_marks_there_is_no_share_and_no_interval() -> None:
    found = quality_of([case("confirmed"), case("refuted")])
    assert (found.recall.share, found.recall.interval) == (None, None)


def test_what_was_only_missed_has_its_row_too() -> None:
    yard = (GatewayId("north"), CameraId("yard"))
    found = quality_by([case("confirmed", "real")], camera_of, {yard: 3})
    assert found[yard].recall.cases == 3
    assert found[GatewayId("north"), CameraId("gate")].recall.share == 1.0


def test_threats_are_counted_by_the_hour_where_the_site_is() -> None:
    zone = timezone(timedelta(hours=2))
    cases = [case("confirmed"), case("confirmed", hour=11), case("confirmed", "false")]
    cases.append(case("refuted"))
    (hours,) = threats_by_hour(cases, zone).values()
    assert {hour: count for hour, count in enumerate(hours) if count} == {14: 1, 1: 1}


def test_the_noisiest_cameras_come_first_and_silent_ones_are_named() -> None:
    cases = [
        *[case("refuted", camera="tree")] * 3,
        case("confirmed", "false", camera="road"),
        case("refuted", "real", camera="gate"),
    ]
    assert [(one.camera[1], one.in_vain) for one in noisiest(cases)] == [("tree", 3), ("road", 1)]
    known = [(GatewayId("north"), CameraId(name)) for name in ("gate", "roof", "tree")]
    assert idle(known, cases) == ((GatewayId("north"), CameraId("roof")),)


@pytest.mark.parametrize(
    ("threshold", "kept", "real_dropped", "false_dropped"),
    [(0.0, 4, 0, 0), (0.4, 3, 0, 1), (0.41, 2, 1, 1), (1.0, 0, 2, 1)],
)
def test_a_threshold_says_what_it_would_have_dropped(
    threshold: float, kept: int, real_dropped: int, false_dropped: int
) -> None:
    cases = [
        case("confirmed", "false", score=0.3),
        case("confirmed", "real", score=0.4),
        case("confirmed", "real", score=0.9),
        case("refuted", score=0.6),
        case("refuted", score=0.1, audit=True),
    ]
    (effect,) = threshold_effects(cases, [threshold])
    assert (effect.kept, effect.real_dropped, effect.false_dropped) == (
        kept,
        real_dropped,
        false_dropped,
    )
