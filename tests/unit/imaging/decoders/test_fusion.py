"""Fusion: what both networks see keeps its score, what one sees keeps half of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.decoders.fusion import fuse
from imaging.detections import Detections, no_detections
from imaging.manifest import Fusion, Thresholds

Row = tuple[str, float, tuple[float, float, float, float]]
HERE = (10.0, 10.0, 30.0, 50.0)
ELSEWHERE = (100.0, 10.0, 130.0, 50.0)


def view(*rows: Row) -> Detections:
    return Detections(
        boxes=np.array([box for *_, box in rows], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in rows], np.float32),
        labels=tuple(label for label, *_ in rows),
    )


BEST_TWO = Fusion(members=("a", "b", "c"), best_of=2)


def fused(*views: Detections) -> Detections:
    return fuse(views, Fusion(members=("a", "b")), Thresholds(score=0.0))


def of_three(*scores: float) -> list[float]:
    """What three networks make of one thing; 0 for who does not see it."""
    views = [view(("person", score, HERE)) if score else no_detections() for score in scores]
    return [float(score) for score in fuse(views, BEST_TWO, Thresholds(score=0.0)).scores]


def test_one_network_alone_is_halved() -> None:
    found = fused(view(("person", 0.8, HERE)), no_detections())
    assert found.labels == ("person",)
    assert found.scores == pytest.approx([0.4])
    assert found.boxes.tolist() == [list(HERE)]


def test_agreement_keeps_the_mean_score_and_the_weighted_box() -> None:
    shifted = (12.0, 10.0, 32.0, 50.0)
    found = fused(view(("person", 0.6, HERE)), view(("person", 0.2, shifted)))
    assert found.scores == pytest.approx([0.4])
    assert found.boxes[0] == pytest.approx([10.5, 10, 30.5, 50])


def test_different_labels_are_never_joined() -> None:
    assert len(fused(view(("person", 0.6, HERE)), view(("dog", 0.6, HERE)))) == 2


def test_two_boxes_of_one_network_are_never_joined() -> None:
    twice = view(("person", 0.6, HERE), ("person", 0.5, HERE))
    assert fused(twice, no_detections()).scores == pytest.approx([0.3, 0.25])


def test_a_box_joins_the_cluster_that_it_overlaps_most() -> None:
    near, nearer = (10.0, 10.0, 30.0, 45.0), (10.0, 10.0, 30.0, 51.0)
    first = view(("person", 0.9, near), ("person", 0.8, nearer))
    found = fused(first, view(("person", 0.6, HERE)))
    assert found.scores == pytest.approx([0.7, 0.45])


def test_weak_results_and_those_over_the_limit_are_left_out() -> None:
    both = view(("person", 0.8, HERE), ("person", 0.3, ELSEWHERE))
    two, views = Fusion(members=("a", "b")), [both, no_detections()]
    assert len(fuse(views, two, Thresholds(score=0.2))) == 1
    assert len(fuse(views, two, Thresholds(score=0.0, max_detections=1))) == 1


def test_of_three_networks_one_that_is_blind_refutes_nothing() -> None:
    assert of_three(0.8, 0.0, 0.6) == pytest.approx([0.7])
    assert of_three(0.2, 0.8, 0.6) == pytest.approx([0.7])


def test_of_three_networks_one_alone_is_halved_all_the_same() -> None:
    assert of_three(0.0, 0.0, 0.8) == pytest.approx([0.4])


@given(st.lists(st.floats(0.0625, 1, width=32), min_size=2, max_size=3))
def test_a_third_network_never_lowers_what_two_agreed_on(scores: list[float]) -> None:
    assert of_three(*scores)[0] >= sum(scores[:2]) / 2 - 1e-6


boxes = st.tuples(*[st.integers(0, 40)] * 2).map(lambda p: (p[0], p[1], p[0] + 20.0, p[1] + 30.0))
rows = st.lists(st.tuples(st.sampled_from(["person", "car"]), st.floats(0, 1, width=32), boxes))


@given(rows, rows)
def test_no_score_is_made_from_nothing_and_the_best_comes_first(
    first: list[Row], second: list[Row]
) -> None:
    found = fused(view(*first), view(*second))
    assert len(found) <= len(first) + len(second)
    assert (np.diff(found.scores) <= 0).all()
    total = sum(score for _, score, _ in [*first, *second])
    assert float(found.scores.sum()) == pytest.approx(total / 2, abs=1e-3)


def test_each_network_s_own_score_is_kept_as_its_vote() -> None:
    views = [
        view(("person", 0.6, HERE), ("dog", 0.9, ELSEWHERE)),
        no_detections(),
        view(("person", 0.8, HERE)),
    ]
    found = fuse(views, BEST_TWO, Thresholds(score=0.0))
    assert found.labels == ("person", "dog")
    votes = {name: given.tolist() for name, given in found.votes.items()}
    assert votes["a"] == pytest.approx([0.6, 0.9])
    assert votes["b"] == [0.0, 0.0]
    assert votes["c"] == pytest.approx([0.8, 0.0])
    assert found.take(np.array([1])).votes["a"] == pytest.approx([0.9])
