"""A proposal is read from text, turned into a patch, and tried on stored alarms."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloud.console.camera_section import camera_patch
from cloud.console.proposal import (
    ProposalFault,
    changed_lists,
    places_in,
    read_places,
    text_of,
)

DRIVE = {"id": "drive", "polygon": [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0]], "inertia_s": 2}
DOCUMENT = {
    "cameras": {
        "yard": {
            "zones": [DRIVE],
            "rules": [{"id": "intruder", "zones": ["drive"]}, {"id": "any"}],
        }
    }
}

SHARES = st.floats(0, 1) | st.integers(0, 1920).map(lambda pixels: pixels / 1920)


def test_what_is_there_goes_through_the_text_and_changes_nothing() -> None:
    text = text_of(places_in(DOCUMENT, "yard"))
    assert text == "zone drive: 0,0.5 1,0.5 1,1"
    read = read_places(text)
    assert not isinstance(read, ProposalFault)
    assert camera_patch(DOCUMENT, "yard", changed_lists(DOCUMENT, "yard", read)) == {}


def test_a_patch_has_the_whole_list_and_keeps_what_else_a_zone_says() -> None:
    read = read_places("zone drive: 0,0.4 1,0.4 1,1\nobject mask tree: 0,0 0.1,0 0.1,0.1\n")
    assert not isinstance(read, ProposalFault)
    assert camera_patch(DOCUMENT, "yard", changed_lists(DOCUMENT, "yard", read)) == {
        "cameras": {
            "yard": {
                "zones": [DRIVE | {"polygon": [[0.0, 0.4], [1.0, 0.4], [1.0, 1.0]]}],
                "object_masks": [{"id": "tree", "polygon": [[0.0, 0.0], [0.1, 0.0], [0.1, 0.1]]}],
            }
        }
    }
    gone = camera_patch(DOCUMENT, "yard", changed_lists(DOCUMENT, "yard", ()))
    assert gone == {"cameras": {"yard": {"zones": []}}}


@given(st.lists(st.tuples(SHARES, SHARES), min_size=3, max_size=6, unique=True))
@example([(0.0, 0.0), (0.0, 1.0), (0.0, 1e-9)])  # two corners that the text shows alike
def test_corners_of_whatever_digits_go_through_the_text_and_change_nothing(
    corners: list[tuple[float, float]],
) -> None:
    zone = {"id": "drive", "polygon": [list(corner) for corner in corners]}
    document = {"cameras": {"yard": {"zones": [zone]}}}
    read = read_places(text_of(places_in(document, "yard")))
    assert not isinstance(read, ProposalFault), read
    assert changed_lists(document, "yard", read) == {}


def test_a_corner_that_is_moved_leaves_the_others_their_digits() -> None:
    document = {
        "cameras": {"yard": {"zones": [{"id": "a", "polygon": [[1 / 3, 0], [1, 0], [1, 1]]}]}}
    }
    text = text_of(places_in(document, "yard"))
    assert text == "zone a: 0.333333,0 1,0 1,1"
    read = read_places(text.replace("1,1", "0.9,1"))
    assert not isinstance(read, ProposalFault)
    assert changed_lists(document, "yard", read) == {
        "zones": [{"id": "a", "polygon": [[1 / 3, 0], [1, 0], [0.9, 1]]}]
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("zone drive", "is not KIND NAME"),
        ("circle drive: 0,0 1,0 1,1", "is not KIND NAME"),
        ("zone Drive!: 0,0 1,0 1,1", "is no name"),
        ("zone drive: 0,0 1,0", "3 to 64 corners"),
        ("zone drive: 0,0 1,0 2,1", "3 to 64 corners"),
        ("zone drive: 0,0 1,0 x,1", "3 to 64 corners"),
        ("zone a: 0,0 1,0 1,1\nzone a: 0,0 1,0 1,1", "twice"),
        ("\n".join(f"zone a{n}: 0,0 1,0 1,1" for n in range(33)), "33 places"),
    ],
)
def test_a_text_that_is_no_proposal_is_refused_in_words(text: str, words: str) -> None:
    fault = read_places(text)
    assert isinstance(fault, ProposalFault)
    assert words in fault.reason


@given(st.text(max_size=200))
def test_no_text_makes_it_raise(text: str) -> None:
    read_places(text)
