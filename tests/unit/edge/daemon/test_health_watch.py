"""What each part contributes to the gateway's health, and that only news of it are said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from contract.ids import CameraId
from edge.config.load import read
from edge.daemon.health_checks import (
    UNSET_S,
    ClockUnset,
    RecentIncrease,
    RejectedFrames,
    buried,
    disconnected,
    silent,
    stalled,
)
from edge.daemon.health_watch import HealthWatch
from edge.daemon.heartbeat import Pulse
from edge.deliver.outbox_records import Depth
from edge.health.camera_conditions import CameraCondition, CameraStatus
from edge.health.clocksync import WRITTEN_AT
from edge.health.gateway_health import NOTED_S, GatewayHealth
from edge.health.reasons import HealthReason, Problem
from edge.metrics.counters import Counters
from service.events import LogLine
from service.link import LinkState, Publication
from tests.fakes import ManualClock, recorded_events
from tests.unit.edge.daemon.statements import status_messages
from tests.unit.edge.deliver.site import Site

YARD, GATE, STRANGER = CameraId("yard"), CameraId("gate"), CameraId("stranger")


def link(*, connected: bool = True, ready: bool = True, refused: tuple[str, ...] = ()) -> LinkState:
    return LinkState(
        connected=connected, ready=ready, reason="said so", refused_filters=refused, counters={}
    )


@pytest.fixture
def told() -> Iterator[list[LogLine]]:
    with ExitStack() as stack:
        yield stack.enter_context(recorded_events())


def test_links_that_are_down_or_refuse_are_named() -> None:
    links = {
        "intake": link(),
        "uplink": link(connected=False, ready=False),
        "cloud": link(ready=False, refused=("a/+/b",)),
    }
    found = [(one.reason, one.subject, one.detail) for one in disconnected(links)]
    assert found == [
        (HealthReason.LINK_DOWN, "uplink", "said so"),
        (HealthReason.SUBSCRIPTION_REFUSED, "cloud", "a/+/b: said so"),
    ]


def test_a_thread_without_progress_is_named() -> None:
    clock = ManualClock()
    pulses = (
        Pulse(worker="courier", beat_at_s=clock.mono() - 40, patience_s=30),
        Pulse(worker="analysis-0", beat_at_s=clock.mono() - 20, patience_s=30),
    )
    assert [one.subject for one in stalled(pulses, clock)] == ["courier"]


def test_only_listed_cameras_are_missed() -> None:
    config = read(b"cameras: {yard: {}, gate: {}, new: {}}", {}).config
    off: CameraStatus = "offline"
    conditions = {
        YARD: CameraCondition(status=off, last_frame_age_s=70.0, rejected={"truncated": 3}),
        GATE: CameraCondition(status="degraded", reasons=("dark",), rejected={}),
        STRANGER: CameraCondition(status=off, rejected={}),
    }
    (problem,) = silent(config, conditions)
    assert (problem.reason, problem.subject) == (HealthReason.CAMERA_SILENT, "yard")
    assert problem.detail == "no usable picture for 70 s; 3 rejected"


def test_a_count_that_rose_is_named_for_an_hour() -> None:
    clock, lost = ManualClock(), [0]
    risen = RecentIncrease(HealthReason.SUSPICION_LOST, lambda: lost[0], clock, "lost")
    assert list(risen()) == []
    lost[0] = 2
    assert [one.detail for one in risen()] == ["2 lost in the last hour"]
    clock.advance(NOTED_S - 1)
    lost[0] = 3
    assert [one.detail for one in risen()] == ["3 lost in the last hour"]
    clock.advance(1)
    assert [one.detail for one in risen()] == ["1 lost in the last hour"]
    clock.advance(NOTED_S)
    assert list(risen()) == []


def watching(
    site: Site,
) -> tuple[ManualClock, list[Publication], GatewayHealth, HealthWatch]:
    """A watch on a gateway's health, the health, and what is published of it."""
    health, said = GatewayHealth(site.clock), list[Publication]()
    watch = HealthWatch(health, status_messages(site), site.clock, said.extend)
    return site.clock, said, health, watch


def test_what_begins_and_what_ends_is_said_once(tmp_path: Path, told: list[LogLine]) -> None:
    clock, said, health, watch = watching(Site(tmp_path / "outbox"))
    watch.tick()
    assert said == []
    gone = [Problem(reason=HealthReason.LINK_DOWN, subject="uplink", detail="gone")]
    health.add_checks(lambda: gone)
    for second in range(15):
        if second == 10:
            gone.clear()
        clock.advance(1)
        watch.tick()
    states = [json.loads(one.payload)["status"] for one in said]
    assert states == ["degraded", "ok"]
    assert {one.topic for one in said} == {"stillwatch/gw/health"}
    assert all(one.retain for one in said)
    events = [(line.event.value, line.fields["of"]) for line in told]
    assert events == [("health_degraded", "uplink"), ("health_recovered", "uplink")]


def test_a_camera_most_of_whose_pictures_are_refused_is_named_for_a_minute() -> None:
    clock, counters = ManualClock(), Counters()
    check = RejectedFrames(lambda: {YARD, GATE}, counters.snapshot, clock)

    def come(camera: CameraId, good: int, bad: int, reason: str = "malformed") -> None:
        for _ in range(good + bad):
            counters.count(camera, "received")
        for _ in range(bad):
            counters.reject(camera, reason)

    assert list(check()) == []
    clock.advance(5)
    come(YARD, good=20, bad=30)
    come(GATE, good=100, bad=30)
    come(STRANGER, good=0, bad=500)
    (problem,) = check()
    assert (problem.reason, problem.subject) == (HealthReason.PICTURES_REJECTED, "yard")
    assert problem.detail == "30 of 50 refused: malformed 30"
    come(GATE, good=0, bad=400, reason="disabled")
    assert [one.subject for one in check()] == ["yard"]
    for _ in range(12):
        clock.advance(6)
        come(YARD, good=6, bad=0)
        list(check())
    assert list(check()) == []


def test_what_a_birth_said_in_a_break_too_short_for_a_round_is_put_right(tmp_path: Path) -> None:
    clock, said, health, watch = watching(Site(tmp_path / "outbox"))
    watch.tick()
    detail = "not subscribed yet"
    broken = [Problem(reason=HealthReason.LINK_DOWN, subject="intake", detail=detail)]
    health.add_checks(lambda: broken)
    (message,) = watch.on_connect()  # said within the connect, when nobody may be heard yet
    broken.clear()
    for _ in range(3):
        clock.advance(1)
        watch.tick()
    states = [json.loads(one.payload)["status"] for one in (message, *said)]
    assert states == ["degraded", "ok"]


def test_a_clock_that_nothing_sets_is_named_after_a_while_and_a_wrong_one_at_once() -> None:
    clock, synchronised = ManualClock(WRITTEN_AT), [False]
    unset = ClockUnset(lambda: synchronised[0], clock)
    assert list(unset()) == []
    clock.advance(UNSET_S)
    assert [one.reason for one in unset()] == [HealthReason.CLOCK_WRONG]
    synchronised[0] = True
    assert list(unset()) == []
    synchronised[0] = False
    assert list(unset()) == []
    clock.jump(-10 * 365 * 86_400)
    assert [one.reason for one in unset()] == [HealthReason.CLOCK_WRONG]


def test_what_was_given_up_before_the_start_is_no_news() -> None:
    depth = [Depth(entries={"buried": 4, "done": 9}, bytes=0)]
    risen = RecentIncrease(
        HealthReason.REPORT_GIVEN_UP, lambda: buried(depth[0]), ManualClock(), "given up", seen=4
    )
    assert list(risen()) == []
    depth[0] = Depth(entries={"buried": 5}, bytes=0)
    assert [one.detail for one in risen()] == ["1 given up in the last hour"]
