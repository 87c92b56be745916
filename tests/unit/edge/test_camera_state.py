"""What is kept of a camera says whether a vehicle has left the places where it was seen."""

from __future__ import annotations

import pytest

from edge.camera_state import CameraState
from edge.kept_frames import KeptFrames
from edge.records import BestFrame, DecodedFrame, TrackId
from edge.static_objects.place_history import STAYS, Grey, patch_of
from imaging.polygons import Box
from tests.unit.edge.intake.test_mailbox import frame
from tests.unit.edge.static_objects.test_place_history import scene

SIZE = (320, 180)
HERE: Box = (100.0, 100.0, 140.0, 120.0)
NEXT: Box = (150.0, 100.0, 190.0, 120.0)
TRACK = TrackId(7)


@pytest.fixture
def state() -> CameraState:
    """A camera on which the track was once seen at `HERE`."""
    x0, y0, x1, y1 = HERE
    patch = patch_of(scene(100), (x0 / 320, y0 / 180, x1 / 320, y1 / 180))
    assert patch is not None
    best_frame = BestFrame(
        DecodedFrame(frame=frame("gate"), width=320, height=180), HERE, 0.8, patch=patch
    )
    return CameraState(size=SIZE, kept_frames=KeptFrames({TRACK: (best_frame,)}))


def shows(state: CameraState, grey: Grey) -> float | None:
    state.grey = grey
    return state.stays(TRACK, NEXT)


def test_a_track_that_a_neighbour_took_over_stays_where_it_was(state: CameraState) -> None:
    like = shows(state, scene(100))
    assert like is not None
    assert like > STAYS


def test_a_track_that_drove_on_has_left(state: CameraState) -> None:
    like = shows(state, scene(150))
    assert like is not None
    assert like < STAYS


def test_where_it_still_covers_its_place_nothing_is_said(state: CameraState) -> None:
    state.grey = scene(100)
    assert state.stays(TRACK, (105.0, 100.0, 145.0, 120.0)) is None
    assert state.stays(TrackId(8), NEXT) is None
