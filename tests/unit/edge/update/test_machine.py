"""The table of an update's states."""

import pytest

from edge.update.machine import (
    ENDS,
    IN_FORCE,
    MOST_STARTS,
    TRANSITIONS,
    ForbiddenTransition,
    UpdateStage,
    advance,
    at_start,
)

ORDER = (
    UpdateStage.VERIFIED,
    UpdateStage.VALIDATED,
    UpdateStage.PLANNED,
    UpdateStage.IN_SHADOW,
    UpdateStage.BUILT,
    UpdateStage.SWAPPED,
    UpdateStage.IN_WINDOW,
    UpdateStage.APPLIED,
)
ON_THE_WAY = [one for one in UpdateStage if one not in ENDS]


def test_the_good_way_is_in_the_table() -> None:
    state = ORDER[0]
    for to in ORDER[1:]:
        state = advance(state, to)
    assert set(TRANSITIONS) == set(UpdateStage)


@pytest.mark.parametrize("state", UpdateStage)
def test_no_state_is_skipped_and_none_goes_back(state: UpdateStage) -> None:
    for to in set(UpdateStage) - TRANSITIONS[state]:
        with pytest.raises(ForbiddenTransition, match=f"{state} is not followed by {to}"):
            advance(state, to)
    if state in ORDER[:-1]:
        assert TRANSITIONS[state] & set(ORDER) == {ORDER[ORDER.index(state) + 1]}


@pytest.mark.parametrize("state", ON_THE_WAY)
def test_what_is_in_force_is_rolled_back_and_what_is_not_is_rejected(state: UpdateStage) -> None:
    wrong = UpdateStage.ROLLED_BACK if state in IN_FORCE else UpdateStage.REJECTED
    assert TRANSITIONS[state] & {UpdateStage.ROLLED_BACK, UpdateStage.REJECTED} == {wrong}
    assert at_start(state, MOST_STARTS).state is wrong
    assert "3 times" in at_start(state, MOST_STARTS).reason


@pytest.mark.parametrize("state", ON_THE_WAY)
def test_a_start_goes_on_with_the_same_side_in_force(state: UpdateStage) -> None:
    resumed = at_start(state, MOST_STARTS - 1)
    assert (resumed.state in IN_FORCE) == (state in IN_FORCE)
    assert resumed.state in (UpdateStage.SWAPPED, UpdateStage.VERIFIED)
    assert not resumed.reason


@pytest.mark.parametrize("state", sorted(ENDS))
def test_what_has_ended_stays_as_it_is_however_often_the_daemon_starts(state: UpdateStage) -> None:
    assert at_start(state, 1000).state is state
