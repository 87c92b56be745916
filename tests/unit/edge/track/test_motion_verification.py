"""Movement: what changed is asked of each thing's own box, without those who pass before it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.records import Mask
from edge.track.motion_verification import Foreground, moves, verify
from imaging.polygons import Box
from tests.unit.edge.scenes import Row, seen

SIZE = (640, 480)
CAR: Row = ("car", 0.8, (200, 200, 440, 300))


def changed(*boxes: Box) -> Foreground:
    """A frame that changed within `boxes` (pixels of the frame)."""
    mask = np.zeros((120, 160), np.uint8)
    for x0, y0, x1, y1 in boxes:
        mask[round(y0 / 4) : round(y1 / 4), round(x0 / 4) : round(x1 / 4)] = 255
    return Foreground(size=SIZE, mask=mask)


def person(x: float, y: float = 160.0, height: float = 150.0) -> Row:
    return ("person", 0.7, (x, y, x + 0.4 * height, y + height))


def test_a_car_that_drives_moves() -> None:
    assert verify(seen(CAR), changed((205, 215, 430, 300))) == ("whole",)


def test_a_car_stands_while_somebody_walks_past_it() -> None:
    for x in range(160, 440, 20):
        walker = person(x)
        assert verify(seen(walker, CAR), changed(walker[2])) == ("whole", "none")


def test_a_car_stands_while_somebody_whom_nobody_found_walks_past_it() -> None:
    for x in range(160, 440, 20):
        (evidence,) = verify(seen(CAR), changed(person(x)[2]))
        assert not moves(evidence, displacement=0.0)


def test_a_shadow_that_falls_on_a_third_of_a_car_does_not_move_it() -> None:
    assert verify(seen(CAR), changed((200, 100, 280, 400))) == ("part",)
    assert verify(seen(CAR), changed((100, 270, 540, 400))) == ("part",)


def test_a_part_is_enough_for_a_vehicle_that_has_left_its_place() -> None:
    """A car of the road's own grey changes only at its ends."""
    (evidence,) = verify(seen(CAR), changed((200, 200, 230, 300), (410, 200, 440, 300)))
    assert evidence == "part"
    assert not moves(evidence, displacement=0.0)
    assert not moves(evidence, displacement=0.4)
    assert moves(evidence, displacement=0.5)


def test_a_part_is_enough_for_a_person() -> None:
    """Seen from above, a trouser leg is what differs from the ground."""
    assert verify(seen(person(100)), changed((104, 250, 120, 306))) == ("whole",)
    assert verify(seen(person(100)), changed((300, 0, 400, 400))) == ("none",)


def test_a_statue_stands_while_a_car_drives_behind_it() -> None:
    statue, passing = person(300, 190, 100), ("car", 0.8, (240.0, 240.0, 600.0, 380.0))
    assert verify(seen(statue, passing), changed((240, 240, 600, 380))) == ("none", "whole")
    beside = ("car", 0.8, (320.0, 200.0, 600.0, 380.0))
    assert verify(seen(statue, beside), changed((320, 200, 600, 380))) == ("none", "whole")


def test_somebody_who_walks_before_a_car_that_drives_moves_too() -> None:
    walker = person(300)
    assert verify(seen(CAR, walker), changed(CAR[2], walker[2])) == ("whole", "whole")


def test_a_bicycle_moves_with_its_rider() -> None:
    rider, bicycle = person(200), ("bicycle", 0.5, (180.0, 230.0, 280.0, 330.0))
    assert verify(seen(rider, bicycle), changed((185, 170, 275, 330))) == ("whole", "whole")


def test_a_car_that_is_also_called_person_is_not_cut_out_of_itself() -> None:
    twin = ("person", 0.3, CAR[2])
    assert verify(seen(CAR, twin), changed(CAR[2]))[0] == "whole"


def test_without_a_mask_nothing_moves_and_without_a_gate_everything_may() -> None:
    assert verify(seen(CAR), Foreground(size=SIZE)) == ("none",)
    assert verify(seen(CAR), Foreground(size=SIZE, watched=False)) == ("whole",)


coordinates = st.floats(-50, 700)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["person", "car", "bicycle", "cat"]),
            st.tuples(coordinates, coordinates, coordinates, coordinates),
        ),
        max_size=6,
    ),
    st.integers(1, 40),
    st.integers(1, 40),
    st.booleans(),
)
def test_any_box_on_any_mask_gets_an_answer(
    things: list[tuple[str, Box]], width: int, height: int, full: bool
) -> None:
    mask: Mask = np.full((height, width), 255 if full else 0, np.uint8)
    rows = seen(*((label, 0.5, box) for label, box in things))
    answers = verify(rows, Foreground(size=SIZE, mask=mask))
    assert len(answers) == len(things)
    if not full:
        assert set(answers) <= {"none"}


@pytest.mark.parametrize("label", ["person", "car", "dog"])
def test_a_thing_of_a_few_pixels_can_move(label: str) -> None:
    tiny = (label, 0.5, (300.0, 200.0, 306.0, 203.0))
    assert verify(seen(tiny), changed((290, 190, 320, 210))) == ("whole",)
