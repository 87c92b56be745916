"""An order's way through the updater."""

from __future__ import annotations

import pytest

from contract.shadow import ReplayLimits, ShadowOutcome, ShadowResult
from edge.config.live import OUTBOX_VARIABLE
from edge.health.reasons import HealthReason
from edge.update.boot import begin_updated
from edge.update.machine import UpdateStage
from tests.unit.edge.update.updated_sites import NOT_REPLAYED, STALLED, Site, order


def test_a_good_order_is_kept_when_the_window_is_over_and_not_before(site: Site) -> None:
    site.publish(order(1))
    assert (site.in_force, site.kept, site.state) == ("new", "", UpdateStage.SWAPPED)
    site.turn(59)
    assert (site.kept, site.state) == ("", UpdateStage.IN_WINDOW)
    site.turn(1)
    assert (site.kept, site.state) == ("new", UpdateStage.APPLIED)
    said = len(site.said)
    site.publish(order(1))  # the broker repeats it
    assert len(site.said) == said


@pytest.mark.parametrize(
    ("patch", "refusal"),
    [("invalid", "invalid"), ("restart", "needs_restart"), ("model", "model_refused")],
)
def test_what_cannot_be_is_rejected_and_nothing_else_happens(
    site: Site, patch: str, refusal: str
) -> None:
    site.publish(order(1, patch))
    assert (site.in_force, site.state) == ("", UpdateStage.REJECTED)
    (rejected,) = site.states("rejected")
    assert rejected is not None
    assert (rejected.version, rejected.refusal) == (1, refusal)
    site.publish(order(2))
    site.turn(60)
    assert site.in_force == "new"
    assert site.states("rejected")[-1] is None


def test_a_gateway_that_got_worse_goes_back_to_what_was_before(site: Site) -> None:
    site.publish(order(1, "good"))
    site.turn(60)
    site.publish(order(2, "bad"))
    site.problems.append(STALLED)
    site.turn(2)
    assert (site.in_force, site.kept, site.state) == ("good", "good", UpdateStage.ROLLED_BACK)
    rejected = site.states("rejected")[-1]
    assert rejected is not None
    assert (rejected.state, rejected.version) == ("rolled_back", 2)
    assert rejected.reasons == ("worker_stalled analysis-0: hangs",)
    (problem,) = site.updater.outcomes.problems(site.updater.record)
    assert problem.reason is HealthReason.UPDATE_ROLLED_BACK


def test_an_update_under_which_the_network_cannot_go_on_goes_at_once(site: Site) -> None:
    site.publish(order(1))
    site.failing = "the network failed on 5 frames in a row"
    site.turn()
    assert (site.in_force, site.state) == ("", UpdateStage.ROLLED_BACK)
    rejected = site.states("rejected")[-1]
    assert rejected is not None
    assert rejected.reasons == (site.failing,)
    assert not site.updater.on_trial


def test_after_a_connect_it_is_said_what_runs_now_also_where_the_file_was_changed(
    site: Site,
) -> None:
    site.publish(order(1))
    site.turn(60)
    site.digest = "1" * 64
    site.said = list(site.updater.on_connect())
    (reported,) = site.states("reported")
    assert reported is not None
    assert (reported.version, reported.state) == (1, "applied")
    assert reported.effective is not None
    assert reported.effective.digest == site.digest
    assert site.states("rejected") == [None]


def test_what_was_wrong_before_is_none_of_the_updates(site: Site) -> None:
    site.problems.append(STALLED)
    site.publish(order(1))
    site.turn(60)
    assert site.state is UpdateStage.APPLIED


def test_an_order_that_comes_in_the_window_waits_for_its_end(site: Site) -> None:
    site.publish(order(1, "first"))
    site.publish(order(2, "second"))
    assert site.in_force == "first"
    site.turn(60)
    site.turn(1)
    assert site.in_force == "second"
    assert [one.version for one in site.states("reported") if one and one.state == "applied"] == [1]


def test_a_disk_that_takes_nothing_keeps_the_order_from_any_effect(site: Site) -> None:
    (site.folder / "outbox").write_text("no folder")
    site.publish(order(1))
    assert site.in_force == ""
    (rejected,) = site.states("rejected")
    assert rejected is not None
    assert rejected.refusal == "not_kept"


def test_what_has_to_be_prepared_is_waited_for(site: Site) -> None:
    site.publish(order(1, "later"))
    site.turn(600)
    assert (site.in_force, site.state) == ("", UpdateStage.VERIFIED)
    site.prepared = True
    site.turn()
    assert site.in_force == "later"


REPLAYED = ShadowResult(
    outcome=ShadowOutcome.REPLAYED, frames=100, cameras=1, seconds=20, before=4, after=3, lost=1
)


def test_it_waits_for_recent_frames_and_says_with_each_state_what_they_showed(site: Site) -> None:
    site.shadow = None
    site.publish(order(1))
    site.turn(600)
    assert (site.in_force, site.state) == ("", UpdateStage.IN_SHADOW)
    site.shadow = REPLAYED
    site.turn()
    assert (site.in_force, site.state) == ("new", UpdateStage.SWAPPED)
    site.turn(60)
    told = {one.state: one.shadow for one in site.states("reported") if one}
    assert told["in_shadow"] is None
    assert told["built"] == told["swapped"] == told["applied"] == REPLAYED


@pytest.mark.parametrize(
    ("limits", "found", "why"),
    [
        (ReplayLimits(max_lost_decisions_share=0.2), REPLAYED, "1 of 4 replayed decisions would"),
        (ReplayLimits(max_new_decisions_per_h=10), NOT_REPLAYED, "nothing was replayed"),
    ],
)
def test_an_order_beyond_its_own_limits_is_refused_before_it_has_any_effect(
    site: Site, limits: ReplayLimits, found: ShadowResult, why: str
) -> None:
    site.shadow = found
    site.publish(order(1, "new", limits))
    assert (site.in_force, site.state) == ("", UpdateStage.REJECTED)
    (rejected,) = site.states("rejected")
    assert rejected is not None
    assert (rejected.refusal, rejected.shadow) == ("replay_limit", found)
    assert why in rejected.reasons[0]


def test_an_order_within_its_own_limits_comes_into_force(site: Site) -> None:
    site.shadow = REPLAYED
    site.publish(order(1, "new", ReplayLimits(max_lost_decisions_share=0.25)))
    assert site.in_force == "new"
    site.turn(60)
    site.shadow = NOT_REPLAYED
    accepted = ReplayLimits(max_lost_decisions_share=0, accept_unreplayed=True)
    site.publish(order(2, "newer", accepted))
    assert site.in_force == "newer"


def test_a_start_while_recent_frames_are_judged_begins_again_with_the_old_in_force(
    site: Site,
) -> None:
    site.shadow = None
    site.publish(order(1))
    begin_updated(None, {OUTBOX_VARIABLE: str(site.folder / "outbox")})
    site.start()
    assert (site.in_force, site.state) == ("", UpdateStage.VERIFIED)
    site.shadow = REPLAYED
    site.turn()
    assert site.in_force == "new"


def test_what_became_invalid_while_frames_were_judged_is_rejected(site: Site) -> None:
    site.shadow = None
    site.publish(order(1, "soon"))
    site.invalid = "soon"
    site.shadow = REPLAYED
    site.turn()
    assert (site.in_force, site.state) == ("", UpdateStage.REJECTED)
