"""Gaps in watching: when they begin, when they end, and which are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cloud.fleet.silence import Gap, Gaps, GapSubject, silent
from cloud.fleet.states import FleetCamera, FleetGateway
from contract.ids import CameraId, GatewayId

NOW = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
HOME: GapSubject = (GatewayId("home"), None)
GATE: GapSubject = (GatewayId("home"), CameraId("gate"))


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_gap_begins_when_its_subject_was_last_seen_and_ends_when_it_is_back() -> None:
    gaps = Gaps(after_s=5.0)
    found = {HOME: ("offline", at(-30))}
    assert gaps.step(found, at(0), 0.0) == []
    [begun] = gaps.step(found, at(6), 6.0)
    assert begun == Gap(subject=HOME, reason="offline", begin=at(-30))
    assert gaps.step(found, at(7), 7.0) == []
    [ended] = gaps.step({}, at(20), 20.0)
    assert ended.end == at(20)
    assert ended.as_json()["seconds"] == 50.0
    assert gaps.open == ()


def test_one_that_is_over_soon_is_not_told() -> None:
    gaps = Gaps(after_s=5.0)
    assert gaps.step({HOME: ("stopped", None)}, at(0), 0.0) == []
    assert gaps.step({}, at(4), 4.0) == []
    assert gaps.step({HOME: ("stopped", None)}, at(6), 6.0) == []
    assert gaps.step({HOME: ("stopped", None)}, at(10), 10.0) == []


def test_a_clock_ahead_of_ours_begins_no_gap_in_the_future() -> None:
    [begun] = Gaps(after_s=0.0).step({HOME: ("offline", at(9999))}, at(0), 0.0)
    assert begun.begin == at(0)


def test_a_gap_that_an_earlier_watcher_told_goes_on() -> None:
    gaps = Gaps(after_s=5.0)
    gaps.resume(Gap(subject=HOME, reason="offline", begin=at(-100)))
    assert gaps.step({HOME: ("offline", at(-100))}, at(0), 0.0) == []
    [ended] = gaps.step({}, at(1), 1.0)
    assert ended.begin == at(-100)


def test_cameras_of_a_silent_gateway_are_not_told_beside_it() -> None:
    known = FleetGateway(presence="offline", cameras={CameraId("gate"): FleetCamera("offline")})
    assert dict(silent(HOME[0], known, stale=False)) == {HOME: "offline"}
    known.presence = "online"
    assert dict(silent(HOME[0], known, stale=False)) == {GATE: "offline"}
    assert dict(silent(HOME[0], known, stale=True)) == {HOME: "stale"}
