"""What counts as worse than before an update."""

from collections.abc import Mapping

import pytest

from contract.ids import CameraId
from edge.health.reasons import HealthReason, Problem
from edge.metrics.funnel import Funnel
from edge.update.health_window import Baseline, baseline, worse

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
    return worse(before, since or {}, funnels, problems, over=over)


def test_frames_that_are_analysed_are_well() -> None:
    assert verdict(WELL, now(3, truncated=50), over=True) is None


def test_every_frame_refused_is_named_with_its_reasons() -> None:
    found = verdict(WELL, now(0, too_large=4, truncated=1))
    assert found == "yard: every frame is refused: too_large 4, truncated 1"
    assert verdict(WELL, now(0, too_large=4)) is None


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
