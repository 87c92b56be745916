"""Boxes: overlap is symmetric and bounded; of overlapping ones of a class the best stays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imaging.boxes import PROPOSALS, Candidates, areas, best, iou, join, nms, no_candidates
from imaging.detections import FloatArray, IntArray

corners = arrays(np.float32, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 50))
sides = st.integers(0, 40)


@st.composite
def some_boxes(draw: st.DrawFn) -> FloatArray:
    start = draw(corners)
    size = draw(arrays(np.float32, start.shape, elements=sides))
    return np.hstack([start, start + size])


@st.composite
def scored(draw: st.DrawFn) -> Candidates:
    boxes = draw(some_boxes())
    count = len(boxes)
    scores = draw(arrays(np.float32, count, elements=st.floats(0, 1, width=32)))
    classes = draw(arrays(np.int64, count, elements=st.integers(0, 2)))
    return Candidates(boxes=boxes, scores=scores, classes=classes)


@given(some_boxes(), some_boxes())
def test_overlap_is_symmetric_and_a_share(a: FloatArray, b: FloatArray) -> None:
    overlap = iou(a, b)
    assert overlap.shape == (len(a), len(b))
    assert np.array_equal(overlap, iou(b, a).T)
    assert ((overlap >= 0) & (overlap <= 1)).all()


@given(some_boxes())
def test_a_box_with_area_overlaps_itself_fully(boxes: FloatArray) -> None:
    assert np.array_equal(np.diag(iou(boxes, boxes)), (areas(boxes) > 0).astype(np.float32))


def test_half_of_each_of_two_equal_boxes_is_a_third_of_their_union() -> None:
    left = np.array([[0, 0, 10, 10]], np.float32)
    assert np.allclose(iou(left, left + np.array([5, 0, 5, 0], np.float32)), 1 / 3)


def rows(candidates: Candidates, limit: float, keep: int = 100) -> IntArray:
    return nms(candidates.boxes, candidates.scores, candidates.classes, limit, keep)


@given(scored(), st.floats(0.1, 0.9))
def test_the_best_stays_first_and_nothing_kept_overlaps_its_own_class(
    candidates: Candidates, limit: float
) -> None:
    kept = candidates.take(rows(candidates, limit))
    assert kept.scores[0] == candidates.scores.max()
    assert (np.diff(kept.scores) <= 0).all()
    rivals = iou(kept.boxes, kept.boxes) > limit + 1e-5
    rivals &= kept.classes[:, None] == kept.classes[None, :]
    np.fill_diagonal(rivals, False)
    assert not rivals.any()


@given(scored(), st.floats(0.1, 0.9))
def test_what_goes_is_overlapped_by_a_better_one_of_its_class(
    candidates: Candidates, limit: float
) -> None:
    kept = rows(candidates, limit)
    gone = np.setdiff1d(np.arange(len(candidates)), kept)
    overlap = iou(candidates.boxes[gone], candidates.boxes[kept])
    cause = overlap > limit - 1e-5
    cause &= candidates.classes[gone][:, None] == candidates.classes[kept][None, :]
    cause &= candidates.scores[kept][None, :] >= candidates.scores[gone][:, None]
    assert cause.any(axis=1).all()


def test_equal_boxes_of_two_classes_both_stay() -> None:
    box = np.array([[0, 0, 10, 10]] * 2, np.float32)
    pair = Candidates(boxes=box, scores=np.array([0.5, 0.9], np.float32), classes=np.array([0, 1]))
    assert rows(pair, 0.5).tolist() == [1, 0]


def test_no_more_are_kept_than_asked_for() -> None:
    boxes = np.array([[x, 0, x + 5, 5] for x in range(0, 100, 10)], np.float32)
    apart = Candidates(
        boxes=boxes,
        scores=np.linspace(0, 1, 10, dtype=np.float32),
        classes=np.zeros(10, np.int64),
    )
    assert rows(apart, 0.5, keep=3).tolist() == [9, 8, 7]


def test_only_the_best_proposals_are_looked_at() -> None:
    count = PROPOSALS + 50
    x = np.arange(count, dtype=np.float32) * 10
    flood = Candidates(
        boxes=np.stack([x, x, x + 5, x + 5], axis=1),
        scores=np.linspace(0, 1, count, dtype=np.float32),
        classes=np.zeros(count, np.int64),
    )
    kept = best(flood, 0.5, count)
    assert len(kept) == PROPOSALS
    assert kept.scores.min() == flood.scores[50]


def test_nothing_proposed_is_nothing_kept() -> None:
    assert len(best(join([]), 0.5, 10)) == len(no_candidates()) == 0
