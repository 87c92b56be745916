"""Several frames and close-ups: which of them counts, and where in the frame things are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.confirm.decision import combine_scores, confirm, second_views_needed
from cloud.confirm.matching import ALL, EvidenceView, PictureDetections
from contract.verdict import Verdict
from tests.unit.cloud.confirm.views import POLICY, STAMP, SUSPECTED, THERE, Sight, decided, frame
from tests.unit.cloud.reports import NOON, PixelBox, a_report, saw

MIDDLE: PixelBox = (10, 5, 40, 95)


def crop(*found: Sight) -> EvidenceView:
    """Of a writer that did not say where in the frame it lies."""
    seen = PictureDetections(detections=saw(*found), width=50, height=100)
    return EvidenceView(seen=seen, moment=NOON, close=True)


def near(score: float, seconds: float = 0.0, label: str = "person") -> EvidenceView:
    """The middle half of the frame, enlarged: 200 px for 0.25..0.75, with the suspected thing."""
    found = saw((label, score, (60, 60, 140, 220))) if score else saw()
    return EvidenceView(
        seen=PictureDetections(detections=found, width=200, height=200),
        moment=NOON + timedelta(seconds=seconds),
        close=True,
        region=(0.25, 0.25, 0.75, 0.75),
        place=SUSPECTED,
    )


def together(*views: EvidenceView, second: tuple[EvidenceView, ...] = ()) -> Verdict:
    return confirm(a_report(box=SUSPECTED), views, second, POLICY, STAMP)


def test_the_close_up_confirms_what_the_whole_frame_left_open() -> None:
    verdict = decided(frame(("person", 0.2, THERE)), crop(("person", 0.5, MIDDLE)))
    assert verdict.decision == "confirmed"
    assert verdict.reasons == ("person 0.50 in the close-up, limit 0.35",)


@pytest.mark.parametrize(
    ("best", "close"),
    [
        (frame(("person", 0.05, THERE)), crop(("person", 0.9, MIDDLE))),
        (frame(), crop(("person", 0.9, MIDDLE))),
        (frame(("person", 0.2, THERE)), crop(("dog", 0.9, MIDDLE))),
        (frame(("person", 0.2, THERE)), crop(("person", 0.9, (0, 0, 24, 100)))),
        (frame(("person", 0.2, THERE)), crop(("person", 0.9, (24, 48, 27, 53)))),
        (frame(("person", 0.2, THERE)), crop(("person", 0.3, MIDDLE))),
        (frame(("person", 0.2, THERE)), None),
    ],
    ids=[
        "the frame was clear", "the frame was empty", "another kind", "at the crop's edge",
        "a speck in the middle", "weak as well", "no crop",
    ],
)  # fmt: skip
def test_the_close_up_alone_does_not_confirm(
    best: EvidenceView, close: EvidenceView | None
) -> None:
    assert decided(best, close).decision == "refuted"


def test_a_weak_close_up_is_told_too() -> None:
    verdict = decided(frame(("person", 0.2, THERE)), crop(("person", 0.3, MIDDLE)))
    assert verdict.reasons[1] == "person 0.30 in the close-up is under the limit 0.35"
    assert verdict.score == 0.3


def test_several_frames_count_as_the_mean_of_the_best_two() -> None:
    verdict = together(near(0.5), near(0.1, 1), near(0.4, 2))
    assert (verdict.decision, verdict.score) == ("confirmed", 0.45)
    assert verdict.reasons == (
        "person 0.45 at the suspected place in the best 2 of 3 frames (0.50, 0.40, 0.10), "
        "limit 0.35",
    )


def test_an_accident_of_one_frame_does_not_confirm() -> None:
    verdict = together(near(0.6), near(0, 1))
    assert (verdict.decision, verdict.score) == ("refuted", 0.3)
    assert verdict.reasons[0] == (
        "person 0.30 at the suspected place in both frames (0.60, 0.00) is under the limit 0.35"
    )
    assert together(near(0), near(0, 1)).reasons == (
        "no person at the suspected place in 2 frames",
    )


def test_views_of_one_frame_are_one_frame_of_which_the_better_counts() -> None:
    whole = frame(("person", 0.5, THERE))
    verdict = together(near(0.3), near(0.3, 1), second=(whole,))
    assert (verdict.decision, verdict.score) == ("confirmed", 0.4)


def test_close_ups_refute_nothing_before_the_whole_frame_was_looked_at() -> None:
    report = a_report(box=SUSPECTED)
    assert second_views_needed(report, (near(0), near(0.1, 1)), POLICY)
    assert not second_views_needed(report, (near(0.4), near(0.4, 1)), POLICY)
    assert (
        together(near(0.1), near(0.05, 1), second=(frame(("person", 0.7, THERE)),)).score == 0.375
    )


def test_a_close_up_is_decided_at_the_place_where_the_thing_is_in_it() -> None:
    seen = near(0.9)
    found = saw(("person", 0.9, (0, 0, 40, 100)))
    beside = EvidenceView(
        seen=PictureDetections(detections=found, width=200, height=200),
        moment=NOON, close=True, region=seen.region, place=SUSPECTED,
    )  # fmt: skip
    assert together(seen).decision == "confirmed"
    assert together(beside).reasons == (
        "no person at the suspected place",
        "person 0.90 elsewhere in the close-up",
    )


def test_sightings_in_a_close_up_are_told_as_shares_of_the_frame() -> None:
    (sighting,) = together(near(0.9)).sightings
    assert sighting.box == pytest.approx((0.4, 0.4, 0.6, 0.8))


SHARE = st.floats(0, 1)


@given(SHARE, SHARE, SHARE, SHARE, SHARE, SHARE)
def test_from_the_frame_into_a_close_up_and_back(
    a: float, b: float, c: float, d: float, e: float, f: float
) -> None:
    box = (min(a, b), min(c, d), max(a, b), max(c, d))
    region = (e * 0.5, f * 0.5, 0.5 + e * 0.5, 0.5 + f * 0.5)
    view = EvidenceView(
        seen=PictureDetections(detections=saw(), width=320, height=200),
        moment=NOON,
        close=True,
        region=region,
    )
    assert view.to_frame(view.to_pixels(box)) == pytest.approx(box, abs=2e-5)
    assert view.to_pixels(region) == pytest.approx((0, 0, 320, 200), abs=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_more_frames_never_weigh_more_than_the_best_and_their_order_does_not_matter(
    scores: list[float],
) -> None:
    views = [near(score, seconds) for seconds, score in enumerate(scores)]
    report = a_report(box=SUSPECTED)
    weight = combine_scores(report, views, POLICY)
    assert weight.score <= max(scores) + 1e-4
    counted = max(2, len(scores) - 1)
    best = sorted(scores)[-counted:]
    assert weight.score == pytest.approx(sum(best) / len(best), abs=1e-4)
    assert combine_scores(report, views[::-1], POLICY).score == weight.score


def test_the_whole_frame_without_a_region_is_all_of_it() -> None:
    assert frame().region == ALL
