"""The wall and the work on alarms, as a browser asks for them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cloud.console.app import create_app
from cloud.console.escalation import Escalation
from cloud.console.parts import ConsoleParts
from cloud.console.roles import PersonRole
from tests.alarms import received, report_of
from tests.consoles import add_person, browser, enter, parts_in
from tests.fakes import ManualClock
from tests.pictured_alarms import raise_alarm

HTML = {"Accept": "text/html"}
STEPS = ("call the site", "check the second camera")
SITES = {"mill": {"gateways": ["north"], "steps": list(STEPS), "escalate_s": 60}}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def parts(tmp_path: Path, clock: ManualClock) -> ConsoleParts:
    return parts_in(tmp_path, clock, sites=SITES)


@pytest.fixture
def app(parts: ConsoleParts) -> FastAPI:
    return create_app(parts)


class Somebody:
    """A person at a browser."""

    def __init__(
        self, app: FastAPI, parts: ConsoleParts, name: str, role: PersonRole, *sites: str
    ) -> None:
        self.client: TestClient = browser(app)
        self.token = enter(self.client, parts, add_person(parts, name, role, *sites))

    def get(self, path: str) -> tuple[int, str]:
        answer = self.client.get(path, headers=HTML)
        return int(answer.status_code), str(answer.text)

    def act(self, report_id: str, kind: str, **more: str) -> tuple[int, str]:
        """With what the panel has in its forms now."""
        _, page = self.get(f"/alarms/{report_id}/panel")
        seen = re.search(r'data-actions="(\d+)"', page)
        assert seen is not None, page
        data = {"kind": kind, "seen": seen[1], "form_token": self.token} | more
        answer = self.client.post(f"/alarms/{report_id}/act?panel=true", data=data, headers=HTML)
        return int(answer.status_code), str(answer.text)


def test_the_most_severe_and_among_them_the_newest_comes_first(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    for number, severity in enumerate((1, 3, 2, 3), 1):
        at = clock.now() + timedelta(seconds=number)
        raise_alarm(parts, number, at, severity=severity)
    raise_alarm(parts, 9, clock.now(), decision="refuted", severity=0)
    _, page = Somebody(app, parts, "vera", PersonRole.VIEWER).get("/")
    shown = re.findall(r'data-alarm="north\.yard\.1\.(\d)\.0"', page)
    assert shown == ["4", "2", "3", "1"]
    assert "4 alarms, 4 open" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("camera=gate", "2"),
        ("label=car", "2"),
        ("severity=3", "1"),
        ("state=refuted", "3"),
        ("state=all&work=all", "123"),
        ("words=gate+car", "2"),
        ("words=away", "1"),
        ("site=mill", "1"),
        ("site=nowhere", ""),
        ("work=closed", ""),
        ("work=mine", ""),
        ("camera=%00&severity=99&state=x&order=up&after=1,2,3&label=%0a", "12"),
    ],
)
def test_filters_show_what_fits(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock, query: str, shown: str
) -> None:
    raise_alarm(parts, 1, clock.now(), profile="away")
    raise_alarm(parts, 2, clock.now(), gateway="south", camera="gate", label="car", severity=2)
    raise_alarm(parts, 3, clock.now(), gateway="south", decision="refuted", severity=0)
    status, page = Somebody(app, parts, "vera", PersonRole.VIEWER).get(f"/?{query}")
    assert status == 200
    assert sorted(re.findall(r'data-alarm="\w+\.\w+\.1\.(\d)\.0"', page)) == list(shown)


def test_a_page_goes_on_where_the_one_before_ended(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    for number in range(55):
        raise_alarm(parts, number, clock.now() + timedelta(seconds=number), pictures=1)
    vera = Somebody(app, parts, "vera", PersonRole.VIEWER)
    first = vera.client.get("/api/alarms").json()
    second = vera.client.get(first["next"]).json()
    ids = [one["report_id"] for one in (*first["alarms"], *second["alarms"])]
    assert len(set(ids)) == len(ids) == 55
    assert second["next"] is None


def test_who_has_sites_sees_no_other_ones_alarms(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    mine = raise_alarm(parts, 1, clock.now())
    other = raise_alarm(parts, 2, clock.now(), gateway="south")
    olga = Somebody(app, parts, "olga", PersonRole.OPERATOR, "mill")
    _, page = olga.get("/")
    assert mine in page
    assert "south" not in page
    assert olga.get(f"/alarms/{other}")[0] == 404
    assert olga.get("/?site=south")[1].count("data-alarm=") == 0
    seen = {"kind": "claim", "seen": "0", "form_token": olga.token}
    assert olga.client.post(f"/alarms/{other}/act", data=seen).status_code == 404
    untouched = parts.access.index.find(other)
    assert untouched is not None
    assert untouched.actions == 0


def test_a_site_named_like_anothers_gateway_shows_nothing_of_it(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    of_mill = raise_alarm(parts, 1, clock.now())
    eve = Somebody(app, parts, "eve", PersonRole.OPERATOR, "north")
    for path in ("/", "/?site=north", "/api/alarms", "/cameras/north/yard", f"/alarms/{of_mill}"):
        assert "north.yard" not in eve.get(path)[1].replace(path, ""), path
    assert ">1</td>" not in eve.get("/quality")[1]


def test_a_report_that_names_anothers_picture_opens_it_for_nobody(
    app: FastAPI, parts: ConsoleParts
) -> None:
    foreign = report_of(1, gateway="north").evidence
    report = report_of(2, gateway="south").model_copy(update={"evidence": foreign})
    parts.access.index.add(report.report_id, [received(report)])
    eve = Somebody(app, parts, "eve", PersonRole.VIEWER, "south")
    for path in ("/", f"/alarms/{report.report_id}", "/cameras/south/gate"):
        status, page = eve.get(path)
        assert status == 200
        assert report.report_id in page
        assert "evidence/north" not in page


def test_an_alarm_says_why_it_was_raised_how_the_networks_voted_and_draws_its_boxes(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    alarm = raise_alarm(parts, 1, clock.now(), profile="away")
    _, page = Somebody(app, parts, "vera", PersonRole.VIEWER).get(f"/alarms/{alarm}")
    assert "in zone drive for 2.1 s" in page
    assert "under the profile <strong>away</strong>" in page
    assert "centernet-640" in page
    assert '<rect class="box edge" x="458" y="683" width="65" height="259">' in page
    assert '<rect class="box cloud"' in page
    assert "Claim" not in page


def test_a_picture_opens_by_its_link_alone_and_by_no_other(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    alarm = raise_alarm(parts, 1, clock.now())
    _, page = Somebody(app, parts, "vera", PersonRole.VIEWER).get(f"/alarms/{alarm}")
    [link, *_] = re.findall(r'src="(/picture/[^"]+)"', page)
    stranger = browser(app)
    answer = stranger.get(link)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content.startswith(b"\xff\xd8")
    assert stranger.get(link.replace("/picture/1", "/picture/2")).status_code == 403
    clock.advance(21 * 60)
    assert stranger.get(link).status_code == 403


def test_claim_steps_and_outcome_in_that_order(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    alarm = raise_alarm(parts, 1, clock.now())
    olga = Somebody(app, parts, "olga", PersonRole.OPERATOR)
    assert olga.act(alarm, "outcome", outcome="false")[0] == 409
    assert olga.act(alarm, "claim")[0] == 200
    status, page = olga.act(alarm, "outcome", outcome="false")
    assert status == 409
    assert "steps are left: call the site; check the second camera" in page
    for step in STEPS:
        assert olga.act(alarm, "step", step=step)[0] == 200
    assert olga.act(alarm, "step", step="another")[0] == 409
    status, page = olga.act(alarm, "outcome", outcome="false", note="a fox, twice")
    assert status == 200
    assert "closed: false alarm" in page
    assert "a fox, twice" in page
    assert olga.act(alarm, "claim")[0] == 409
    assert olga.act(alarm, "reopen")[0] == 200
    acts = [one.what for one in parts.audit.newest() if one.who == "olga"]
    assert acts == [*("alarm_reopen", "alarm_outcome", "alarm_step", "alarm_step", "alarm_claim")]


def test_of_two_who_claim_one_has_it(app: FastAPI, parts: ConsoleParts, clock: ManualClock) -> None:
    alarm = raise_alarm(parts, 1, clock.now())
    olga = Somebody(app, parts, "olga", PersonRole.OPERATOR)
    oleg = Somebody(app, parts, "oleg", PersonRole.OPERATOR)
    assert olga.act(alarm, "claim")[0] == 200
    status, page = oleg.act(alarm, "claim")
    assert status == 409
    assert "olga has it" in page
    late = {"kind": "escalate", "seen": "0", "form_token": oleg.token}
    overtaken = oleg.client.post(f"/alarms/{alarm}/act?panel=true", data=late, headers=HTML)
    assert overtaken.status_code == 409
    assert "somebody was faster" in overtaken.text


def test_park_hand_over_and_release(app: FastAPI, parts: ConsoleParts, clock: ManualClock) -> None:
    alarm = raise_alarm(parts, 1, clock.now())
    olga = Somebody(app, parts, "olga", PersonRole.OPERATOR)
    oleg = Somebody(app, parts, "oleg", PersonRole.OPERATOR)
    olga.act(alarm, "claim")
    assert olga.act(alarm, "park")[0] == 409  # without a time
    assert "parked until" in olga.act(alarm, "park", minutes="15")[1]
    assert olga.act(alarm, "hand_over", to="oleg")[0] == 200
    assert "oleg has it" in olga.get(f"/alarms/{alarm}")[1]
    assert olga.act(alarm, "release")[0] == 409
    assert oleg.act(alarm, "release")[0] == 200


def test_at_the_end_of_a_shift_all_that_one_has_is_handed_over_at_once(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    alarms = [raise_alarm(parts, number, clock.now()) for number in range(3)]
    olga = Somebody(app, parts, "olga", PersonRole.OPERATOR)
    for alarm in alarms[:2]:
        olga.act(alarm, "claim")
    assert "2 alarms are in your hands" in olga.get("/shift")[1]
    data = {"to": "oleg", "note": "quiet night", "form_token": olga.token}
    page = olga.client.post("/shift/hand-over", data=data, headers=HTML).text
    assert "2 handed over to oleg" in page
    assert "0 alarms are in your hands" in page
    found = [parts.access.index.find(alarm) for alarm in alarms]
    assert [one and one.claimed_by for one in found] == ["oleg", "oleg", None]


def test_what_nobody_claims_in_time_escalates_once_and_what_is_claimed_does_not(
    parts: ConsoleParts, clock: ManualClock
) -> None:
    access = parts.access
    escalation = Escalation(access.index, parts.desk, access.sites, "the manager", clock)
    north = raise_alarm(parts, 1, clock.now())
    south = raise_alarm(parts, 2, clock.now(), gateway="south")
    refuted = raise_alarm(parts, 3, clock.now(), decision="refuted", severity=0)
    clock.advance(59)
    assert escalation.step() == 0
    clock.advance(1)
    assert escalation.step() == 1  # at the mill after 60 s, elsewhere after 120
    assert escalation.step() == 0
    clock.advance(60)
    assert escalation.step() == 1
    found = [access.index.find(one) for one in (north, south, refuted)]
    assert [one and one.escalated_to for one in found] == ["the manager", "the manager", None]


def test_old_alarms_of_a_rebuilt_index_wake_nobody(parts: ConsoleParts, clock: ManualClock) -> None:
    access = parts.access
    raise_alarm(parts, 1, clock.now() - timedelta(days=2))
    assert Escalation(access.index, parts.desk, access.sites, "m", clock).step() == 0
