"""What nobody was notified of is reported, kept in the store, counted, and proposed by."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient

from cloud.console.app import create_app
from cloud.console.parts import ConsoleParts
from cloud.console.roles import PersonRole
from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore
from cloud.index.database import open_index
from cloud.index.desk import ProposedAction
from cloud.index.rebuilding import Rebuilding
from cloud.keys import Keys
from contract.keys import missed_key
from objectstore.inventory import open_inventory
from tests.consoles import add_person, browser, enter, parts_in
from tests.fakes import ManualClock
from tests.pictured_alarms import raise_alarm
from tests.retained_fleet import retain_fleet

HTML = {"Accept": "text/html"}
EDGE = "cameras: {yard: {rules: [{id: intruder, labels: [person], threshold: 0.5}, {id: car}]}}"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def parts(tmp_path: Path, clock: ManualClock) -> ConsoleParts:
    (tmp_path / "north.yaml").write_text(EDGE)
    parts = parts_in(tmp_path, clock, configurations={"north": str(tmp_path / "north.yaml")})
    retain_fleet(parts.fleet, clock.now())
    alarm = raise_alarm(parts, 1, clock.now())
    parts.desk.act(
        ProposedAction(report_id=alarm, kind="outcome", by="olga", seen=0, outcome="real")
    )
    return parts


@pytest.fixture
def client(parts: ConsoleParts) -> TestClient:
    return browser(create_app(parts))


def report(client: TestClient, token: str, clock: ManualClock, **changed: object) -> int:
    """An hour ago at the yard; the answer's status."""
    at = clock.now() - timedelta(hours=1)
    form: dict[str, object] = {
        "camera": "north/yard",
        "missed_at": f"{at:%Y-%m-%dT%H:%M}",
        "label": "person",
    }
    form |= {"label": "person", "note": "behind the van", "form_token": token} | changed
    return int(client.post("/missed", data=form, headers=HTML).status_code)


def test_it_is_in_the_store_counts_in_recall_and_lowers_the_proposed_threshold(
    parts: ConsoleParts, client: TestClient, clock: ManualClock
) -> None:
    token = enter(client, parts, add_person(parts, "olga", PersonRole.OPERATOR))
    assert "1 of 1" in client.get("/quality", headers=HTML).text
    for _ in range(2):
        assert report(client, token, clock) == 303
    (threat,) = parts.access.index.missed.find()
    assert (threat.by, threat.note) == ("olga", "behind the van")
    assert parts.store.get(missed_key(threat.gateway, threat.id), 10_000)
    assert "behind the van" in client.get("/cameras/north/yard", headers=HTML).text
    page = client.get("/quality", headers=HTML).text
    assert "1 of 2" in page  # once, though it was sent twice
    assert "1 reported as missed" in page
    assert "from 0.35 to 0.30" in page
    patch = page.partition('aria-label="Patch for yard">')[2].partition("</pre>")[0]
    (rules,) = (one["rules"] for one in yaml.safe_load(patch)["cameras"].values())
    assert [one["threshold"] for one in rules if "threshold" in one] == [0.5, 0.3]
    assert [one.what for one in parts.audit.newest(5)].count("missed_reported") == 2


@pytest.mark.parametrize("whole", [True, False])
def test_an_index_made_again_has_it_and_what_the_store_lost_goes(
    parts: ConsoleParts, client: TestClient, clock: ManualClock, tmp_path: Path, whole: bool
) -> None:
    token = enter(client, parts, add_person(parts, "olga", PersonRole.OPERATOR))
    for label in ("person", "car"):
        assert report(client, token, clock, label=label) == 303
    engine = open_index(f"sqlite:///{tmp_path}/again.sqlite")
    index = AlarmIndex(engine, clock)
    inventory = open_inventory(f"dir:{tmp_path}/store")
    rebuilding = Rebuilding(index, AlarmStore(parts.store, Keys()), inventory)
    assert rebuilding.run(whole=whole).missed == 2
    assert index.missed.find() == parts.access.index.missed.find()
    gone, kept = index.missed.find()
    inventory.remove(missed_key(gone.gateway, gone.id))
    parts.store.replace(missed_key(kept.gateway, "0" * 64), b"{}", "application/json")
    rebuilding.run(whole=whole)
    assert index.missed.find() == (kept,)
    inventory.remove(missed_key(kept.gateway, kept.id))
    rebuilding.run(whole=whole)
    assert index.missed.find() == ()
    engine.dispose()


def test_what_cannot_be_is_refused_with_its_reason(
    parts: ConsoleParts, client: TestClient, clock: ManualClock
) -> None:
    token = enter(client, parts, add_person(parts, "ada", PersonRole.ADMIN, "north"))
    refused: list[tuple[dict[str, object], int]] = [
        ({"camera": "north/cellar"}, 404),
        ({"camera": "south/dock"}, 404),
        ({"camera": "../yard"}, 404),
        ({"label": "ghost"}, 422),
        ({"missed_at": "0001-01-01T00:00", "offset_minutes": "-840"}, 422),
        ({"missed_at": "9999-12-31T23:59:59+00:00"}, 422),
        ({"missed_at": f"{clock.now() + timedelta(minutes=5):%Y-%m-%dT%H:%M}"}, 422),
        ({"missed_at": "yesterday"}, 422),
    ]
    for changed, status in refused:
        assert report(client, token, clock, **changed) == status, changed
    assert parts.access.index.missed.find() == ()


def test_a_time_of_the_readers_clock_is_kept_in_utc(
    parts: ConsoleParts, client: TestClient, clock: ManualClock
) -> None:
    token = enter(client, parts, add_person(parts, "olga", PersonRole.OPERATOR))
    local = clock.now() + timedelta(minutes=90)
    said = {"missed_at": f"{local:%Y-%m-%dT%H:%M}", "offset_minutes": "-120"}
    assert report(client, token, clock, **said) == 303
    (threat,) = parts.access.index.missed.find()
    at = (clock.now() - timedelta(minutes=30)).replace(second=0, microsecond=0)
    assert threat.missed_at == at
