"""When a camera sent nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from contract.ids import CameraId
from contract.watch import MOST_GAPS
from edge.watch_proof.unseen import UnseenSpans, WatchMoment

GATE = CameraId("gate")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _at(seconds: float) -> WatchMoment:
    return WatchMoment(1000.0 + seconds, NOON + timedelta(seconds=seconds))


def _looked(until: int, frames_at: set[int]) -> UnseenSpans:
    spans, count = UnseenSpans(_at(0)), 0
    for second in range(until + 1):
        count += second in frames_at
        spans.look({GATE: count}, 1000.0 + second, 60.0)
    return spans


def test_longer_than_the_gap_is_noted_with_its_begin_and_shorter_is_not() -> None:
    found = _looked(300, {10, 60, 170, 220, 270}).until(_at(300), 60.0)[GATE]
    (span,) = found.spans
    assert (span.begins, span.seconds, found.seconds) == (
        NOON + timedelta(seconds=60), 110.0, 110.0,
    )  # fmt: skip


def test_what_lasts_at_the_end_is_noted_and_shared_with_the_next_entry() -> None:
    spans = _looked(200, {20})
    assert spans.until(_at(200), 60.0)[GATE].seconds == 180.0
    spans.begin(_at(200))
    spans.look({GATE: 1}, 1230.0, 60.0)
    (span,) = spans.until(_at(230), 60.0)[GATE].spans
    assert (span.begins, span.seconds) == (NOON + timedelta(seconds=200), 30.0)


def test_of_a_camera_that_never_sent_anything_all_is_unseen() -> None:
    assert _looked(120, set()).until(_at(120), 60.0)[GATE].seconds == 120.0


def test_however_often_it_is_away_memory_is_bounded_and_the_sum_is_whole() -> None:
    often = 5 * MOST_GAPS
    spans = UnseenSpans(_at(0))
    for number in range(1, often + 1):
        spans.look({GATE: number}, 1000.0 + 100 * number, 60.0)
    found = spans.until(_at(100 * often), 60.0)[GATE]
    assert len(found.spans) <= 2 * MOST_GAPS
    assert found.seconds == 100.0 * often
