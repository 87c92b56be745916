"""Marks speak for a threshold; nothing real is proposed away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cloud.quality.cases import QualityCase
from cloud.quality.proposals import LEAST_MARKS, propose
from contract.ids import CameraId, GatewayId
from tests.unit.cloud.quality.test_figures import case

CAMERA = (GatewayId("north"), CameraId("gate"))


def marked(false: list[float], real: list[float]) -> list[QualityCase]:
    return [case("confirmed", "false", score=one) for one in false] + [
        case("confirmed", "real", score=one) for one in real
    ]


def test_false_marks_raise_it_to_below_the_weakest_that_was_real() -> None:
    found = propose(CAMERA, marked([0.4, 0.42, 0.45, 0.5, 0.55], [0.7, 0.9]), current=0.35)
    assert found is not None
    assert (found.proposed, found.effect.false_dropped, found.effect.real_dropped) == (0.65, 5, 0)
    assert "weakest of 2 real ones has 0.70" in " ".join(found.reasons)


def test_without_anything_real_it_goes_just_above_what_was_false_and_says_so() -> None:
    found = propose(CAMERA, marked([0.4] * LEAST_MARKS, []), current=0.35)
    assert found is not None
    assert found.proposed == 0.41
    assert "nothing real" in found.reasons[1]


def test_few_marks_or_none_that_would_be_saved_propose_nothing() -> None:
    assert propose(CAMERA, marked([0.4] * (LEAST_MARKS - 1), [0.9]), current=0.35) is None
    assert propose(CAMERA, marked([0.8] * LEAST_MARKS, [0.5]), current=0.35) is None
    assert propose(CAMERA, [], current=0.35) is None


def test_what_was_missed_lowers_it_whatever_was_false() -> None:
    cases = marked([0.4] * 9, [0.9])
    found = propose(CAMERA, cases, current=0.35, missed=1)
    assert found is not None
    assert (found.proposed, found.reasons) == (0.3, ("1 reported as missed",))
    found = propose(CAMERA, [*cases, case("refuted", "real")], current=0.35)
    assert found is not None
    assert "the cloud had refuted" in found.reasons[0]
    assert propose(CAMERA, cases, current=0.05, missed=1) is None


@given(st.lists(st.floats(0, 1)), st.lists(st.floats(0, 1)), st.floats(0.05, 0.95))
def test_no_proposal_upwards_would_have_dropped_anything_real(
    false: list[float], real: list[float], current: float
) -> None:
    cases = marked(false, real)
    found = propose(CAMERA, cases, current)
    if found is not None:
        assert found.proposed > current
        assert found.effect.real_dropped == 0
        assert found.effect.false_dropped > 0
