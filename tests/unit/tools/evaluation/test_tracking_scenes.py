"""Comparing trackers: exact figures on small cases, and ours on scenes that it must master."""

import numpy as np
import pytest

from edge.config.schema import TrackingConfig
from tools.evaluation.tracking.metrics import IdentityCounts, Ids, count_identities, follow
from tools.evaluation.tracking.scenes import SceneDetection, TrackingScene, record
from tools.evaluation.tracking.situations import SITUATIONS

BOX = (0.0, 0.0, 10.0, 20.0)


def scene(*things: int | None) -> TrackingScene:
    """One detection per frame, of these things."""
    return TrackingScene(
        "made", 5.0, tuple((SceneDetection(BOX, 0.5, "person", n),) for n in things)
    )


def ids(*tracks: int | None) -> Ids:
    return tuple((track,) for track in tracks)


@pytest.mark.parametrize(
    ("tracks", "switches", "pieces", "mota", "idf1"),
    [
        ((1, 1, 1, 1, 1, 1), 0, 0, 1.0, 1.0),
        ((1, 1, 1, 2, 2, 2), 1, 1, 5 / 6, 0.5),
        ((None, None, None, 1, 1, 1), 0, 0, 0.5, 2 / 3),
        ((1, 1, 1, 1, 1, 2), 0, 0, 5 / 6, 10 / 11),  # a track of one detection is none
    ],
)
def test_the_figures_of_one_thing_under_several_tracks(
    tracks: tuple[int | None, ...], switches: int, pieces: int, mota: float, idf1: float
) -> None:
    found = count_identities(scene(*[0] * 6), ids(*tracks))
    assert (found.switches, found.pieces) == (switches, pieces)
    assert found.mota == pytest.approx(mota)
    assert found.idf1 == pytest.approx(idf1)


def test_a_track_of_nothing_and_a_track_of_two_things_cost() -> None:
    assert count_identities(scene(None, None, None), ids(1, 1, 1)).false == 3
    both = count_identities(scene(0, 0, 0, 1, 1, 1), ids(*[1] * 6))
    assert (both.switches, both.idf1) == (0, 0.5)


@pytest.mark.parametrize("fps", [5.0, 15.0])
@pytest.mark.parametrize("name", ["alone", "crossing", "pair", "turning", "meeting"])
def test_few_things_in_view_keep_their_identities(name: str, fps: float) -> None:
    total = IdentityCounts()
    for seed in range(2):
        rng = np.random.default_rng((seed, 77))
        played = record(name, SITUATIONS[name](rng), fps, rng, seconds=15)
        total += count_identities(played, follow(played, TrackingConfig()))
    assert total.idf1 > 0.9
    assert total.mota > 0.95
