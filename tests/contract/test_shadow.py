"""What recent frames say of an order, added up and held to limits: no evidence is never any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contract.shadow import ReplayedDecisions, ReplayLimits, ShadowOutcome, ShadowResult

NOTHING = ShadowResult(outcome=ShadowOutcome.NOTHING_TO_REPLAY, detail="no frames")
FAILED = ShadowResult(outcome=ShadowOutcome.FAILED, detail="ended by signal 9", before=9)
LOST, NEW = ReplayLimits(max_lost_decisions_share=0.25), ReplayLimits(max_new_decisions_per_h=60)


def replayed(before: int, lost: int = 0, new: int = 0, seconds: float = 60.0) -> ShadowResult:
    lost = min(lost, before)
    return ShadowResult(
        outcome=ShadowOutcome.REPLAYED,
        frames=10,
        cameras=1,
        seconds=seconds,
        before=before,
        after=before - lost + new,
        lost=lost,
        new=new,
    )


results = st.builds(
    replayed, st.integers(0, 20), st.integers(0, 20), st.integers(0, 9), st.floats(0, 600)
)


@pytest.mark.parametrize(
    ("found", "limits", "words"),
    [
        ([replayed(8, 2)], LOST, ""),
        ([replayed(8, 3)], LOST, "3 of 8 replayed decisions would be lost (38 %), over 25 %"),
        ([replayed(4, 3), replayed(8, 0)], LOST, ""),
        ([replayed(0, new=1)], NEW, ""),
        ([replayed(0, new=2)], NEW, "2 new decisions in 60 s of footage (120.0 an hour), over 60"),
        ([replayed(0)], LOST, "nothing had been reported in them"),
        ([NOTHING, None], LOST, "nothing was replayed"),
        ([FAILED], LOST, "nothing was replayed"),
        ([FAILED, replayed(8)], LOST, ""),
        ([replayed(0, new=3, seconds=0)], NEW, "3 new decisions in 0 s of footage"),
        ([], LOST, "nothing was replayed"),
        ([NOTHING], ReplayLimits(), ""),
    ],
)
def test_the_sum_is_held_to_the_limits(
    found: list[ShadowResult | None], limits: ReplayLimits, words: str
) -> None:
    beyond = ReplayedDecisions.of(found).beyond(limits)
    assert words in "; ".join(beyond)
    assert bool(beyond) == bool(words)


@given(st.lists(results, max_size=6), st.floats(0, 1))
def test_who_had_nothing_to_replay_neither_helps_nor_harms(
    found: list[ShadowResult], most: float
) -> None:
    limits = ReplayLimits(max_lost_decisions_share=most, max_new_decisions_per_h=5)
    alone = ReplayedDecisions.of(found).beyond(limits)
    assert ReplayedDecisions.of([NOTHING, *found, None, FAILED]).beyond(limits) == alone


@given(st.lists(results, max_size=6))
def test_what_accepts_no_evidence_still_refuses_evidence_against_it(
    found: list[ShadowResult],
) -> None:
    accepting = LOST.model_copy(update={"accept_unreplayed": True})
    total = ReplayedDecisions.of(found)
    if total.lost > 0.25 * total.before:
        assert total.beyond(accepting)
    else:
        assert not total.beyond(accepting)


@pytest.mark.parametrize("share", [-0.1, 1.1, "much"])
def test_a_limit_that_means_nothing_is_refused(share: object) -> None:
    with pytest.raises(ValidationError):
        ReplayLimits.model_validate({"max_lost_decisions_share": share})


def test_it_is_said_in_words() -> None:
    assert FAILED.words() == "failed: ended by signal 9"
    assert (
        replayed(6, 1).words().startswith("10 frames of 1 cameras, 60 s: it would have changed 1")
    )
