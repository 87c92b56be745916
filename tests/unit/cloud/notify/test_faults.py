"""What gateways say of themselves, as notices."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from cloud.fleet.states import FleetStates
from cloud.notify.choice import NotifiedSite
from cloud.notify.faults import Faults, lost, tampered
from cloud.notify.notice import Notice

BEGIN = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
FARM = NotifiedSite(id="farm", place="The farm", time_zone="UTC")


class Yard:
    """A gateway, and the faults that are seen of it."""

    def __init__(self) -> None:
        self.states = FleetStates("s")
        self.path, self.tamper = Faults("path", 10), Faults("tamper", 10)
        self.mono = 0.0
        self.say("yard/status", b"online")
        self.say("yard/gate/status", b"online")

    def say(self, topic: str, payload: bytes) -> None:
        self.states.take(f"s/{topic}", payload, self.mono)

    def after(self, seconds: float, stale_s: float = 900) -> list[tuple[str, str, str]]:
        """Kind, label and stage of what is told then."""
        self.mono += seconds
        now = BEGIN + timedelta(seconds=self.mono)
        known = self.states.gateways
        path = lost(known, lambda heard_s: self.mono - heard_s > stale_s)
        found: list[Notice] = self.path.step(path, now, self.mono, lambda _gateway: FARM)
        found += self.tamper.step(tampered(known), now, self.mono, lambda _gateway: FARM)
        return [(one.kind, one.label, one.stage) for one in found]


def health(*reasons: str) -> bytes:
    return json.dumps({"status": "degraded", "reasons": list(reasons)}).encode()


def test_a_gateway_that_is_gone_is_told_once_it_has_lasted_and_once_it_is_over() -> None:
    yard = Yard()
    yard.say("yard/status", b"offline")
    assert yard.after(1) == []
    assert yard.after(10) == [("path", "offline", "first")]
    assert yard.after(1000) == []
    yard.say("yard/status", b"online")
    assert yard.after(1) == [("path", "offline", "ended")]


def test_what_is_over_soon_is_told_nobody() -> None:
    yard = Yard()
    yard.say("yard/gate/status", b"offline")
    assert yard.after(5) == []
    yard.say("yard/gate/status", b"online")
    assert yard.after(50) == []


def test_a_gateway_of_which_nothing_is_heard_is_stale() -> None:
    yard = Yard()
    assert yard.after(901) == []
    assert yard.after(11) == [("path", "stale", "first")]


def test_a_covered_camera_is_tampered_with_and_a_clock_is_not() -> None:
    yard = Yard()
    yard.say("yard/gate/health", health("clock_wrong", "moved", "covered"))
    yard.say("yard/gate/status", b"degraded")
    yard.after(1)
    assert yard.after(10) == [("tamper", "covered", "first")]
    yard.say("yard/gate/health", health("clock_wrong"))
    assert yard.after(1) == [("tamper", "covered", "ended")]


def test_of_a_gateway_that_is_gone_no_camera_is_judged() -> None:
    yard = Yard()
    yard.say("yard/gate/health", health("covered"))
    yard.say("yard/status", b"offline")
    yard.after(1)
    assert yard.after(11) == [("path", "offline", "first")]


def test_what_was_told_before_a_restart_is_over_under_the_same_id() -> None:
    yard = Yard()
    yard.say("yard/status", b"offline")
    yard.after(1)
    yard.mono += 11
    found = yard.path.step(
        lost(yard.states.gateways, lambda _s: False), BEGIN, yard.mono, lambda _g: FARM
    )
    restarted = Faults("path", 10)
    restarted.resume(found[0])
    (over,) = restarted.step({}, BEGIN + timedelta(hours=1), 0.0, lambda _g: FARM)
    assert (over.about, over.stage) == (found[0].about, "ended")


def test_nonsense_in_health_is_no_fault() -> None:
    yard = Yard()
    for nonsense in (b'{"reasons": 7}', b'{"reasons": [[], {}]}', b"[]", b"\xff"):
        yard.say("yard/gate/health", nonsense)
        assert yard.after(20) == []
