"""The pages of fleet and cameras, from what gateways retain."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from cloud.console.app import create_app
from cloud.console.parts import ConsoleParts
from cloud.console.roles import PersonRole
from tests.consoles import add_person, browser, enter, parts_in
from tests.fakes import ManualClock
from tests.pictured_alarms import raise_alarm
from tests.retained_fleet import retain_fleet

HTML = {"Accept": "text/html"}
EDGE = """
version: 1
cameras:
  yard:
    zones: [{id: drive, polygon: [[0.1, 0.5], [0.9, 0.5], [0.9, 1], [0.1, 1]]}]
    lines: [{id: gate, points: [[0, 0.5], [1, 0.5]]}]
    privacy_masks: [{id: street, polygon: [[0, 0], [1, 0], [1, 0.2]]}]
    rules: [{id: intruder, labels: [person], zones: [drive]}]
  odd: {zones: [3, {polygon: x}, {polygon: [[0, 2], [0, "a"]]}], rules: 7}
"""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def parts(tmp_path: Path, clock: ManualClock) -> ConsoleParts:
    (tmp_path / "edge.yaml").write_text(EDGE)
    files = {"north": str(tmp_path / "edge.yaml"), "south": str(tmp_path / "missing.yaml")}
    parts = parts_in(tmp_path, clock, configurations=files)
    retain_fleet(parts.fleet, clock.now())
    return parts


@pytest.fixture
def app(parts: ConsoleParts) -> FastAPI:
    return create_app(parts)


def page_for(app: FastAPI, parts: ConsoleParts, path: str, *sites: str) -> tuple[int, str]:
    client = browser(app)
    enter(client, parts, add_person(parts, "vera", PersonRole.VIEWER, *sites))
    answer = client.get(path, headers=HTML)
    return int(answer.status_code), str(answer.text)


def test_the_silent_come_first_with_versions_orders_and_gaps(
    app: FastAPI, parts: ConsoleParts
) -> None:
    status, page = page_for(app, parts, "/fleet")
    assert status == 200
    assert page.index("south</th>") < page.index("north</th>")
    assert '<span class="tag silent">silent</span>' in page
    assert "0.1.0" in page
    assert "south · dock" in page
    assert "it lasts" in page
    assert "no_such_zone" in page


def test_who_has_a_site_sees_its_gateways_alone(app: FastAPI, parts: ConsoleParts) -> None:
    _, page = page_for(app, parts, "/fleet", "north")
    assert "south" not in page
    client = browser(app)
    enter(client, parts, add_person(parts, "ben", PersonRole.VIEWER, "north"))
    assert [one["gateway"] for one in client.get("/api/fleet").json()["gateways"]] == ["north"]
    assert client.get("/cameras/south/dock", headers=HTML).status_code == 404


def test_a_cameras_page_has_its_health_frames_zones_and_newest_picture(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    raise_alarm(parts, 1, clock.now())
    status, page = page_for(app, parts, "/cameras/north/yard")
    assert status == 200
    assert '<span class="tag degraded">degraded</span> out of focus' in page
    assert '<polygon class="zone" points="100,500 900,500 900,1000 100,1000 ">' in page
    assert '<polygon class="mask"' in page
    assert '<polyline class="line"' in page
    assert "intruder: labels person, zones drive" in page
    assert "/picture/" in page
    assert "person confirmed" in page


def test_an_alarms_pictures_have_the_zones_of_its_camera(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    alarm = raise_alarm(parts, 1, clock.now(), label="car")
    _, page = page_for(app, parts, f"/alarms/{alarm}")
    assert '<polygon class="zone" points="100,500 900,500 900,1000 100,1000">' in page


def test_a_report_that_brings_its_zones_is_shown_with_those(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock
) -> None:
    alarm = raise_alarm(parts, 1, clock.now())
    _, page = page_for(app, parts, f"/alarms/{alarm}")
    assert set(re.findall(r'class="zone" points="([^"]+)"', page)) == {
        "350,550 800,550 950,1000 250,1000"
    }


@pytest.mark.parametrize("path", ["/cameras/north/odd", "/cameras/south/dock", "/cameras"])
def test_a_file_that_is_odd_or_missing_draws_nothing_and_breaks_nothing(
    app: FastAPI, parts: ConsoleParts, clock: ManualClock, path: str
) -> None:
    raise_alarm(parts, 1, clock.now(), camera="odd")
    status, page = page_for(app, parts, path)
    assert status == 200
    assert "<polygon" not in page


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("stillwatch/north/status", b"\xff"),
        ("stillwatch/north/info", b"[1]"),
        ("stillwatch/north/stats", b'{"cameras": 3, "at": "never"}'),
        ("stillwatch/north/yard/health", b'{"reasons": "x", "fps_in": "y"}'),
        ("stillwatch-fleet/gap/north", b'{"seconds": "x", "begin": 4}'),
        ("stillwatch-fleet/gap/north", b"no json"),
        ("stillwatch/north/config/reported", b"{}"),
        ("elsewhere", b"x"),
    ],
)
def test_whatever_gateways_say_the_pages_are_shown(
    app: FastAPI, parts: ConsoleParts, topic: str, payload: bytes
) -> None:
    parts.fleet.take(topic, payload)
    assert page_for(app, parts, "/fleet")[0] == 200


def test_texts_of_gateways_are_escaped(app: FastAPI, parts: ConsoleParts) -> None:
    info = json.dumps({"version": "<script>1</script>"}).encode()
    parts.fleet.take("stillwatch/north/info", info)
    assert "<script>1" not in page_for(app, parts, "/fleet")[1]
