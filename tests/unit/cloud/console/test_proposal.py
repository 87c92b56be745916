"""A proposal is read from text, turned into a patch, and tried on stored alarms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.console.proposal import (
    ProposalFault,
    effect_of,
    is_inside,
    patch_of,
    places_in,
    read_places,
    text_of,
)
from contract.report import FiredRule
from tests.contract.samples import REPORT

DRIVE = {"id": "drive", "polygon": [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0]], "inertia_s": 2}
DOCUMENT = {
    "cameras": {
        "yard": {
            "zones": [DRIVE],
            "rules": [{"id": "intruder", "zones": ["drive"]}, {"id": "any"}],
        }
    }
}


def test_what_is_there_goes_through_the_text_and_changes_nothing() -> None:
    text = text_of(places_in(DOCUMENT, "yard"))
    assert text == "zone drive: 0,0.5 1,0.5 1,1"
    read = read_places(text)
    assert not isinstance(read, ProposalFault)
    assert patch_of(DOCUMENT, "yard", read) == {}


def test_a_patch_has_the_whole_list_and_keeps_what_else_a_zone_says() -> None:
    read = read_places("zone drive: 0,0.4 1,0.4 1,1\nobject mask tree: 0,0 0.1,0 0.1,0.1\n")
    assert not isinstance(read, ProposalFault)
    assert patch_of(DOCUMENT, "yard", read) == {
        "cameras": {
            "yard": {
                "zones": [DRIVE | {"polygon": [[0.0, 0.4], [1.0, 0.4], [1.0, 1.0]]}],
                "object_masks": [{"id": "tree", "polygon": [[0.0, 0.0], [0.1, 0.0], [0.1, 0.1]]}],
            }
        }
    }
    gone = patch_of(DOCUMENT, "yard", ())
    assert gone == {"cameras": {"yard": {"zones": []}}}


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


def test_an_alarm_outside_the_zones_of_its_rule_or_in_a_mask_would_not_have_been_raised() -> None:
    inside = REPORT.model_copy(
        update={"box": (0.8, 0.2, 1.0, 0.7), "rule": FiredRule(id="intruder", reasons=("x",))}
    )
    elsewhere = inside.model_copy(update={"rule": FiredRule(id="any", reasons=("x",))})
    for text, kept in (
        ("zone drive: 0,0.5 1,0.5 1,1", [True, True]),
        ("zone drive: 0,0.8 1,0.8 1,1", [False, True]),
        ("zone drive: 0,0.5 1,0.5 1,1\nobject mask m: 0.5,0.6 1,0.6 1,1", [False, False]),
    ):
        read = read_places(text)
        assert not isinstance(read, ProposalFault)
        for report, stays in zip((inside, elsewhere), kept, strict=True):
            effect = effect_of(DOCUMENT, "yard", read, [report])
            assert (effect.kept, effect.gone) == (
                ((report.report_id,), ()) if stays else ((), (report.report_id,))
            )


def test_a_point_is_inside_a_concave_polygon_where_it_is() -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.2), (0.0, 1.0))
    assert is_inside((0.1, 0.5), corners)
    assert not is_inside((0.5, 0.5), corners)
