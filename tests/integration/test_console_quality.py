"""The page of quality, and who hears an outcome."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cloud.console.app import create_app
from cloud.console.parts import ConsoleParts
from cloud.console.roles import PersonRole
from cloud.index.desk import ProposedAction
from cloud.index.summary import AlarmSummary
from contract.operator_action import OperatorAction, OutcomeCode
from tests.consoles import add_person, browser, enter, parts_in
from tests.fakes import ManualClock
from tests.pictured_alarms import raise_alarm
from tests.retained_fleet import retain_fleet

HTML = {"Accept": "text/html"}


@pytest.fixture
def parts(tmp_path: Path) -> ConsoleParts:
    clock = ManualClock()
    parts = parts_in(tmp_path, clock)
    retain_fleet(parts.fleet, clock.now())
    outcomes: tuple[OutcomeCode, ...] = ("real", "false", "real")
    for number, outcome in enumerate(outcomes, 1):
        alarm = raise_alarm(parts, number, clock.now())
        parts.desk.act(
            ProposedAction(report_id=alarm, kind="outcome", by="olga", seen=0, outcome=outcome)
        )
    raise_alarm(parts, 4, clock.now(), decision="refuted", severity=0)
    raise_alarm(parts, 5, clock.now(), gateway="south", camera="dock", label="car")
    return parts


def test_figures_have_their_intervals_by_site_and_name_noisy_and_idle_cameras(
    parts: ConsoleParts,
) -> None:
    client = browser(create_app(parts))
    enter(client, parts, add_person(parts, "vera", PersonRole.VIEWER))
    page = client.get("/quality?days=7", headers=HTML).text
    assert "<strong>25%</strong>" in page  # of four of north one was refuted
    assert "2 of 3" in page
    assert "north · gate" in page  # idle
    assert "no case" in page
    assert client.get("/quality?days=0", headers=HTML).status_code == 422


def test_who_has_a_site_sees_its_figures_alone(parts: ConsoleParts) -> None:
    client = browser(create_app(parts))
    enter(client, parts, add_person(parts, "vera", PersonRole.VIEWER, "south"))
    page = client.get("/quality", headers=HTML).text
    assert "north" not in page
    assert "south · dock" in page


def test_the_gateway_is_told_of_an_outcome_and_of_nothing_else(parts: ConsoleParts) -> None:
    told: list[tuple[str, str | None]] = []

    def tell(alarm: AlarmSummary, action: OperatorAction) -> None:
        told.append((alarm.report_id, action.outcome))

    client = browser(create_app(replace(parts, tell=tell)))
    token = enter(client, parts, add_person(parts, "olga", PersonRole.OPERATOR))
    acts = ({"kind": "claim", "seen": "0"}, {"kind": "outcome", "seen": "1", "outcome": "false"})
    for act in acts:
        answer = client.post("/alarms/south.dock.1.5.0/act", data=act | {"form_token": token})
        assert answer.status_code == 303
    assert told == [("south.dock.1.5.0", "false")]
