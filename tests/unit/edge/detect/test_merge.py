"""Views of one frame become one list: no doubles, no halves."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.detect.merge import ViewDetections, merge
from tests.unit.edge.scenes import Row, seen

CROP = (100.0, 100.0, 300.0, 300.0)
SIZE = (640, 480)


def rows(*sightings: ViewDetections) -> list[tuple[str, float]]:
    found = merge(sightings, *SIZE)
    scores = [round(float(score), 2) for score in found.scores]
    return list(zip(found.labels, scores, strict=True))


def test_a_thing_seen_in_both_views_is_one_with_the_better_score() -> None:
    whole = ViewDetections(found=seen(("person", 0.4, (150, 150, 165, 190))))
    close = ViewDetections(found=seen(("person", 0.7, (151, 149, 166, 191))), crop=CROP)
    assert rows(whole, close) == [("person", 0.7)]


def test_things_of_other_groups_in_one_place_stay_apart() -> None:
    whole = ViewDetections(found=seen(("car", 0.6, (150, 150, 190, 190))))
    close = ViewDetections(found=seen(("person", 0.5, (150, 150, 190, 190))), crop=CROP)
    assert rows(whole, close) == [("car", 0.6), ("person", 0.5)]


def test_half_a_thing_at_a_crops_border_is_nothing_beside_the_whole_frame() -> None:
    whole = ViewDetections(found=seen(("car", 0.4, (250, 150, 400, 220))))
    close = ViewDetections(found=seen(("car", 0.9, (250, 150, 299.5, 220))), crop=CROP)
    assert rows(whole, close) == [("car", 0.4)]
    assert rows(ViewDetections(found=seen()), close) == []


def test_without_a_whole_frame_half_a_thing_is_better_than_nothing() -> None:
    half = ViewDetections(found=seen(("car", 0.9, (250, 150, 299.5, 220))), crop=CROP)
    entire = ViewDetections(
        found=seen(("car", 0.5, (248, 150, 398, 220))), crop=(200.0, 100.0, 500.0, 400.0)
    )
    assert rows(half) == [("car", 0.9)]
    assert rows(half, entire) == [("car", 0.5)]


def test_the_frames_own_border_cuts_nothing() -> None:
    corner = ViewDetections(
        found=seen(("person", 0.6, (0, 50, 20, 100))), crop=(0.0, 0.0, 200.0, 200.0)
    )
    assert rows(ViewDetections(found=seen()), corner) == [("person", 0.6)]


@st.composite
def views(draw: st.DrawFn) -> list[ViewDetections]:
    def some() -> list[Row]:
        out: list[Row] = []
        for _ in range(draw(st.integers(0, 5))):
            x, y = draw(st.floats(100, 280)), draw(st.floats(100, 280))
            w, h = draw(st.floats(4, 20)), draw(st.floats(4, 20))
            label = draw(st.sampled_from(["person", "car", "truck"]))
            out.append((label, draw(st.floats(0.25, 1)), (x, y, x + w, y + h)))
        return sorted(out, key=lambda row: -row[1])

    return [ViewDetections(found=seen(*some())), ViewDetections(found=seen(*some()), crop=CROP)]


@given(views())
def test_merging_invents_nothing_and_loses_no_uncut_thing(sightings: list[ViewDetections]) -> None:
    found = merge(sightings, *SIZE)
    everything = {tuple(box) for s in sightings for box in s.found.boxes.tolist()}
    assert {tuple(box) for box in found.boxes.tolist()} <= everything
    assert (np.diff(found.scores) <= 0).all()
    assert len(found) >= len(sightings[0].found) - len(sightings[1].found)
    alone = merge(sightings[:1], *SIZE)
    assert alone.labels == sightings[0].found.labels
