"""What is known of gateways, folded from messages of which some are nonsense or hostile."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cloud.fleet import states
from cloud.fleet.report import details, page, summary, table
from cloud.fleet.states import FleetStates
from contract.ids import CameraId, GatewayId

NOW = datetime(2026, 3, 1, 6, 10, tzinfo=UTC)
HOME = GatewayId("home")


def said(**topics: object) -> FleetStates:
    """A fleet that said these; `__` stands for a level of the topic."""
    fleet = FleetStates("stillwatch")
    for name, what in topics.items():
        payload = what.encode() if isinstance(what, str) else json.dumps(what).encode()
        fleet.take(f"stillwatch/{name.replace('__', '/')}", payload, 1.0)
    return fleet


WELL = {
    "home__status": "online",
    "home__info": {"version": "1.2", "config_version": "7", "config_sha256": "ab" * 32},
    "home__health": {"at": "2026-03-01T06:00:00+00:00", "status": "ok", "reasons": []},
    "home__stats": {"at": "2026-03-01T06:09:00+00:00", "cameras": {"gate": {"received": 7}}},
    "home__gate__status": "online",
    "home__gate__health": {"at": "2026-03-01T06:09:30+00:00", "fps_in": 5.0, "reasons": []},
}


def state_of(fleet: FleetStates) -> tuple[object, object]:
    facts = summary(HOME, fleet.gateways[HOME], NOW, 900.0)
    return facts["state"], facts["reasons"]


def test_a_gateway_that_watches_is_ok_and_its_age_is_that_of_its_last_word() -> None:
    fleet = said(**WELL)
    facts = details(HOME, fleet.gateways[HOME], NOW, 900.0)
    assert (facts["state"], facts["age_s"]) == ("ok", 30)
    assert facts["cameras"] == {"total": 1, "online": 1}
    assert facts["cameras_by_id"]["gate"]["frames"]["received"] == 7  # type: ignore[index]
    assert "1.2" in "\n".join(table([facts]))
    assert any("fps_in: 5.0" in line for line in page(facts))


@pytest.mark.parametrize(
    ("changed", "state", "reasons"),
    [
        ({"home__status": "offline"}, "silent", ["offline"]),
        ({"home__status": "stopped"}, "silent", ["stopped"]),
        ({"home__gate__status": "offline"}, "unwell", ["1 offline"]),
        ({"home__gate__status": "degraded"}, "unwell", ["1 degraded"]),
        ({"home__gate__status": "disabled"}, "ok", []),
        (
            {"home__health": {"status": "degraded", "reasons": [{"reason": "link_down"}]}},
            "unwell",
            ["link_down"],
        ),
    ],
)
def test_who_is_silent_or_unwell_is_said_with_the_reason(
    changed: dict[str, object], state: str, reasons: list[str]
) -> None:
    assert state_of(said(**WELL | changed)) == (state, reasons)


def test_one_that_is_said_to_be_there_and_has_not_spoken_for_long_is_silent() -> None:
    old = {"at": "2026-03-01T05:00:00+00:00"}
    quiet = {"home__health": old, "home__stats": old, "home__gate__health": old}
    assert state_of(said(**WELL | quiet)) == ("silent", ["stale"])
    unknown = quiet | {"home__stats": old | {"clocksync": False}}
    assert state_of(said(**WELL | unknown)) == ("ok", [])


def test_what_cannot_be_read_changes_nothing_and_is_counted() -> None:
    fleet = said(**WELL)
    for leaf, payload in (
        *(("status", b"\xff"), ("status", b"perhaps"), ("info", b"{"), ("info", b"[]")),
        *(("health", b"NaN"), ("stats", b"[" * 100_000), ("gate/status", b"\xff\xfe")),
        ("stats", b'"' + b"x" * 300_000 + b'"'),
    ):
        fleet.take(f"stillwatch/home/{leaf}", payload, 2.0)
    for topic in ("other/home/status", "stillwatch/HOME/status", "stillwatch/x", "stillwatch//"):
        fleet.take(topic, b"online", 2.0)
    assert list(fleet.gateways) == [HOME]
    assert fleet.gateways[HOME].wrong == 8
    assert state_of(fleet) == ("ok", [])


@pytest.mark.parametrize("odd", [None, 3, "x", [], {"a": 1}, [3], [[]], [None]])
def test_no_shape_of_a_field_stops_the_report(odd: object) -> None:
    keys = ("at", "cameras", "outbox", "reasons", "version", "fps_in", "config_sha256", "rejected")
    strange = dict.fromkeys(keys, odd)
    inner = {"cameras": {"gate": strange}, "outbox": {"entries": odd}, "at": odd}
    fleet = said(
        home__status="online",
        home__info=strange,
        home__health=strange,
        home__stats=inner,
        home__gate__health=strange,
    )
    facts = details(HOME, fleet.gateways[HOME], NOW, 900.0)
    json.dumps(facts)
    assert list(page(facts))
    assert list(table([facts]))


def test_a_gateways_words_do_nothing_to_a_terminal() -> None:
    fleet = said(**WELL | {"home__info": {"version": "\x1b[2J\x07" + "x" * 9999}})
    facts = summary(HOME, fleet.gateways[HOME], NOW, 900.0)
    assert "\x1b" not in "".join(table([facts]))
    assert len(str(facts["version"])) <= 120


def test_numbers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "MAX_GATEWAYS", 3)
    monkeypatch.setattr(states, "MAX_CAMERAS", 2)
    fleet = FleetStates("stillwatch")
    for n in range(9):
        fleet.take(f"stillwatch/gw{n}/status", b"online", 1.0)
        fleet.take(f"stillwatch/gw0/cam{n}/status", b"online", 1.0)
    assert (len(fleet.gateways), len(fleet.gateways[GatewayId("gw0")].cameras)) == (3, 2)
    assert fleet.left_out == 6 + 7


def test_what_is_removed_at_the_broker_is_forgotten() -> None:
    fleet = said(**WELL)
    fleet.take("stillwatch/home/gate/status", b"", 2.0)
    fleet.take("stillwatch/home/gate/health", b"", 2.0)
    assert CameraId("gate") not in fleet.gateways[HOME].cameras
    for leaf in ("status", "info", "health", "stats"):
        fleet.take(f"stillwatch/home/{leaf}", b"", 2.0)
    assert fleet.gateways == {}
