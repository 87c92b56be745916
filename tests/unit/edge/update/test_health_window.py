"""What counts as worse than before an update."""

from collections.abc import Mapping

import pytest

from contract.ids import CameraId
from edge.health.reasons import HealthReason, Problem
from edge.metrics.funnel import UNKNOWN, Funnel
from edge.update.health_window import Baseline, WatchedFrames, baseline, worse

YARD, GATE = CameraId("yard"), CameraId("gate")
WELL = Baseline(active=frozenset({YARD}), steady=frozenset({YARD}))
BURSTS = Baseline(active=frozenset({YARD}))


def now(usable: int, **rejected: int) -> Mapping[CameraId, Funnel]:
    received = usable + sum(rejected.values())
    return {YARD: Funnel(received=received, quiet=usable, rejected_by=rejected)}


def verdict(
    before: Baseline,
    funnels: Mapping[CameraId, Funnel],
    *problems: Problem,
    over: bool = False,
    since: Mapping[CameraId, Funnel] | None = None,
) -> str | None:
    watched = WatchedFrames(since=since or {}, usable=since or {}).looked(since or {})
    return worse(before, watched, funnels, problems, over=over)


def test_frames_that_are_analysed_are_well() -> None:
    assert verdict(WELL, now(3, truncated=5), over=True) is None


def test_every_frame_refused_is_named_with_its_reasons() -> None:
    found = verdict(WELL, now(0, too_large=9, truncated=1))
    assert found == "yard: every frame is refused: too_large 9, truncated 1"
    assert verdict(WELL, now(0, too_large=9)) is None


def test_one_that_is_refused_is_enough_at_the_end_if_none_was_usable() -> None:
    found = verdict(BURSTS, now(0, too_large=1), over=True)
    assert found == "yard: every frame is refused: too_large 1"


def test_a_frame_that_was_under_way_hides_nothing() -> None:
    watched = WatchedFrames().looked(now(1)).looked(now(1, too_large=5))
    found = worse(WELL, watched, now(1, too_large=10), (), over=False)
    assert found == "yard: every frame is refused: too_large 10"
    well = watched.looked(now(2, too_large=5))
    assert worse(WELL, well, now(2, too_large=14), (), over=True) is None


def test_after_a_restart_a_found_camera_is_not_followed_until_a_frame_is_usable() -> None:
    refused = {UNKNOWN: Funnel(received=3, rejected_by={"too_many_pixels": 3})}
    found = verdict(BURSTS, refused, over=True)
    assert found == "yard: every frame is refused: too_many_pixels 3"
    assert verdict(BURSTS, refused) is None
    assert verdict(BURSTS, {**refused, **now(1)}, over=True) is None
    assert verdict(BURSTS, {}, over=True) is None


def test_a_camera_that_was_refused_before_is_none_of_the_updates() -> None:
    assert verdict(Baseline(), now(0, too_large=99), over=True) is None


def test_a_camera_that_the_update_disables_is_meant_to_be() -> None:
    assert verdict(WELL, now(0, disabled=99), over=True) is None


def test_a_network_that_fails_is_known_though_other_frames_are_quiet() -> None:
    found = verdict(WELL, now(20, inference_failed=3))
    assert found == "yard: the network failed on 3 frames"


def test_only_a_camera_that_sent_all_the_time_is_missed_and_only_at_the_end() -> None:
    since = now(9)
    assert verdict(WELL, since, since=since) is None
    assert verdict(BURSTS, since, since=since, over=True) is None
    found = verdict(WELL, since, since=since, over=True)
    assert found == "yard: no frame has come, and some did before"


def test_frames_that_come_and_are_never_analysed_are_missed() -> None:
    stuck = {YARD: Funnel(received=30, superseded=30)}
    found = verdict(WELL, stuck, over=True)
    assert found == "yard: no frame was analysed, and some were before"


@pytest.mark.parametrize(
    ("reason", "subject", "caused"),
    [
        (HealthReason.WORKER_STALLED, "analysis-0", True),
        (HealthReason.CAMERA_SILENT, YARD, True),
        (HealthReason.CAMERA_SILENT, GATE, False),
        (HealthReason.LINK_DOWN, "uplink", False),
        (HealthReason.STORE_UNUSABLE, "", False),
    ],
)
def test_of_new_problems_those_count_that_an_update_can_cause(
    reason: HealthReason, subject: str, caused: bool
) -> None:
    problem = Problem(reason=reason, subject=subject, detail="because")
    found = verdict(WELL, now(1), problem)
    assert (found is not None) == caused
    known = baseline((now(0), now(1)), [problem])
    assert verdict(known, now(1), problem) is None


def test_steady_is_who_sent_in_each_part_of_the_time_before() -> None:
    looks = (now(0), now(2), now(2), now(5))
    assert baseline(looks, ()) == BURSTS
    assert baseline((now(0), now(2), now(3)), ()) == WELL
    assert baseline((), ()) == Baseline()
