"""One vehicle that is car, bus and truck to the network has the score of all three."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cloud.model.vehicles import summed
from contract.labels import SUMMED
from imaging.detections import Detections
from tests.unit.cloud.reports import PixelBox, saw

HERE: PixelBox = (10, 10, 110, 60)
ALMOST: PixelBox = (12, 10, 110, 62)
FAR: PixelBox = (200, 10, 300, 60)


def told(found: Detections) -> list[tuple[str, float]]:
    pairs = zip(found.labels, found.scores.tolist(), strict=True)
    return [(label, round(score, 5)) for label, score in pairs]


def test_scores_of_one_box_are_summed_under_the_strongest_class() -> None:
    found = summed(saw(("car", 0.3, HERE), ("truck", 0.25, ALMOST), ("bus", 0.1, HERE)))
    assert told(found) == [("car", 0.65)]


def test_a_sum_may_overtake_and_is_capped() -> None:
    rows = ("person", 0.5, FAR), ("car", 0.4, HERE), ("truck", 0.3, HERE)
    assert told(summed(saw(*rows))) == [("car", 0.7), ("person", 0.5)]
    assert told(summed(saw(("car", 0.8, HERE), ("bus", 0.7, HERE)))) == [("car", 1.0)]


def test_other_boxes_and_other_kinds_stay_as_they_are() -> None:
    rows = ("car", 0.5, HERE), ("truck", 0.4, FAR), ("motorcycle", 0.3, HERE), ("car", 0.2, ALMOST)
    assert summed(saw(*rows)).labels == ("car", "truck", "motorcycle", "car")
    assert told(summed(saw())) == []


LABELS = st.sampled_from(["car", "bus", "truck", "person", "bicycle"])
CORNER, SIDE = st.integers(0, 60), st.integers(5, 60)
ROWS = st.lists(
    st.tuples(LABELS, st.floats(0.05, 1), st.tuples(CORNER, CORNER, SIDE, SIDE)), max_size=12
)


@given(ROWS)
def test_nothing_is_invented(rows: list[tuple[str, float, tuple[int, int, int, int]]]) -> None:
    found = saw(*((label, score, (x, y, x + w, y + h)) for label, score, (x, y, w, h) in rows))
    after = summed(found)
    assert (np.diff(after.scores) <= 1e-6).all()
    assert len(after) <= len(found)
    assert float(after.scores.sum()) <= float(found.scores.sum()) + 1e-5
    others = [label for label in found.labels if label not in SUMMED]
    assert sorted(label for label in after.labels if label not in SUMMED) == sorted(others)
    if len(found):
        assert float(after.scores[0]) >= float(found.scores[0]) - 1e-6


def test_votes_are_summed_as_scores_are_each_network_for_itself() -> None:
    found = saw(("car", 0.3, HERE), ("truck", 0.25, ALMOST), ("person", 0.2, FAR))
    votes = {
        "a": np.array([0.5, 0.1, 0.2], np.float32),
        "b": np.array([0.1, 0.4, 0.0], np.float32),
    }
    kept = summed(replace(found, votes=votes))
    assert told(kept) == [("car", 0.55), ("person", 0.2)]
    given_by = {
        name: [round(vote, 5) for vote in given.tolist()] for name, given in kept.votes.items()
    }
    assert given_by == {"a": [0.6, 0.2], "b": [0.5, 0.0]}
