"""What was removed from a store, altered or slipped in is found and named; what went by its age,
or was never decided, is not. Over a directory and over a real S3 server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud.confirm.decision import Stamp, inconclusive
from cloud.index.alarm_store import AlarmStore
from cloud.index.records import ReportRecord
from cloud.keys import Keys, make_keys, open_signer
from cloud.verdicts.entry import encode, entry_of, on_report
from contract.chain import START
from contract.ids import CameraId, GatewayId, report_id
from contract.keys import verdict_key
from contract.operator_action import OperatorAction
from contract.report import ThreatReport
from objectstore.inventory import Inventory
from tests import servers
from tests.integration.evidence_stores import CHAIN, NOW, Held


@pytest.fixture(params=["dir", "s3"])
def held(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Held]:
    if request.param == "dir":
        yield Held(f"dir:{tmp_path / 'store'}", tmp_path, capsys)
        return
    server: servers.S3 = request.getfixturevalue("seaweedfs")
    one = Held(server.spec(), tmp_path, capsys)
    _empty(one.inventory)
    yield one


def _empty(inventory: Inventory) -> None:
    for prefix in ("alarms/", "evidence/", "verdicts/", "retention/"):
        for listed in list(inventory.list(prefix)):
            inventory.remove(listed.key)


NORTH, SOUTH = GatewayId("north"), GatewayId("south")
GRACE = ("--grace-h", "0")


def verdict_at(report: ThreatReport) -> str:
    return verdict_key(report.gateway, report.report_id)


def test_a_store_that_nobody_touched_has_no_finding(held: Held) -> None:
    for _ in range(3):
        held.decide(NORTH)
    status, found, summary = held.verify(*GRACE)
    assert (status, found) == (0, [])
    assert (summary["verdicts"], summary["pictures"]) == (3, 4)
    assert summary["signatures"] == "checked"


def test_a_removed_an_altered_and_an_inserted_picture_are_each_named(held: Held) -> None:
    first, second = held.decide(NORTH), held.decide(NORTH)
    removed, altered = first.evidence[0].key, second.evidence[0].key
    held.inventory.remove(removed)
    held.overwrite(altered, b"CROP 2 of north")  # as long as it was
    inserted = held._picture(NORTH, b"nobody reported this").key
    status, found, _ = held.verify(*GRACE)
    assert status == 1
    assert sorted(found) == [
        f"picture_altered {altered}",
        f"picture_inserted {inserted}",
        f"picture_removed {removed}",
    ]
    quick = held.verify(*GRACE, "--quick")[1]
    assert f"picture_removed {removed}" in quick
    assert f"picture_altered {altered}" not in quick
    held.overwrite(altered, b"longer than it was before")
    assert f"picture_altered {altered}" in held.verify(*GRACE, "--quick")[1]


def test_a_report_that_is_taken_out_with_its_pictures_leaves_a_hole(held: Held) -> None:
    held.decide(NORTH)
    middle = held.decide(NORTH)
    held.decide(NORTH)
    held.inventory.remove(verdict_at(middle))
    held.inventory.remove(middle.evidence[0].key)
    status, found, _ = held.verify(*GRACE)
    assert (status, found) == (1, [f"verdict_removed number 2 of chain {CHAIN}"])


def test_what_is_cut_off_at_the_end_shows_against_the_last_check(held: Held) -> None:
    held.decide(NORTH)
    last = held.decide(NORTH)
    heads = ("--heads", str(held.heads))
    assert held.verify(*GRACE, *heads)[0] == 0
    held.inventory.remove(verdict_at(last))
    held.inventory.remove(last.evidence[0].key)
    assert held.verify(*GRACE)[0] == 0  # nothing in the store can tell
    assert held.verify(*GRACE, *heads)[1] == [f"verdict_removed number 2 of chain {CHAIN}"]
    _empty(held.inventory)
    assert held.verify(*GRACE, *heads)[1] == [f"verdict_removed numbers 1 to 2 of chain {CHAIN}"]


def test_an_altered_a_foreign_and_an_unsigned_verdict_are_told_apart(held: Held) -> None:
    reports = [held.decide(NORTH, decision="confirmed") for _ in range(3)]
    altered, foreign, unsigned = (verdict_at(report) for report in reports)
    body = held.store.get(altered, 100_000)
    held.overwrite(altered, body.replace(b"confirmed", b"refuted"))
    make_keys(held.folder / "stranger.key")
    verdict = inconclusive(reports[1], "x", Stamp(model_sha256="a" * 64, decided_at=NOW))
    entry = entry_of(on_report(verdict, reports[1]), reports[1])
    held.overwrite(foreign, encode(entry, open_signer(held.folder / "stranger.key")))
    held.overwrite(unsigned, encode(entry_of(verdict, reports[2]), None))
    status, found, _ = held.verify(*GRACE)
    assert status == 1
    assert f"verdict_altered {altered}" in found
    assert f"verdict_inserted {foreign}" in found
    assert f"verdict_inserted {unsigned}" in found


def test_a_verdict_that_a_keyholder_replaced_does_not_fit_into_the_chain(held: Held) -> None:
    """Signed by the right key, but with a picture less than the gateway's next report names."""
    held.decide(NORTH)
    second = held.decide(NORTH)
    third = held.decide(NORTH)
    fewer = second.model_copy(update={"evidence": second.evidence[1:]})
    verdict = inconclusive(fewer, "x", Stamp(model_sha256="a" * 64, decided_at=NOW))
    body = encode(entry_of(on_report(verdict, fewer), fewer), open_signer(held.key))
    held.overwrite(verdict_at(second), body)
    held.inventory.remove(second.evidence[0].key)
    assert held.verify(*GRACE)[1] == [f"verdict_altered {third.report_id}"]


def test_what_a_gateway_gave_up_and_what_may_still_be_decided_are_no_findings(held: Held) -> None:
    held.decide(NORTH)
    held.decide(NORTH, stored=False)
    held.decide(NORTH, given_up=((2, 2),))
    held.decide(NORTH, stored=False, days=0)
    held.decide(NORTH, days=0)
    status, found, summary = held.verify()
    assert (status, found) == (0, [])
    assert summary["undecided"] == 3  # number 4, and the pictures of both that have no verdict


def test_one_gateways_chain_says_nothing_about_anothers(held: Held) -> None:
    held.decide(NORTH)
    held.previous, held.number = START, 0
    held.decide(SOUTH)
    assert held.verify(*GRACE)[0] == 0
    moved = held.store.get(verdict_key(NORTH, report_id(NORTH, CameraId("gate"), 1, 1, 0)), 100_000)
    key = f"verdicts/{SOUTH}/north.gate.1.1.0.json"
    held.store.put_if_absent(key, moved, "application/json")
    assert held.verify(*GRACE, "--gateway", SOUTH)[1] == [f"verdict_inserted {key}"]


def test_retention_goes_by_age_and_class_and_does_not_look_like_tampering(held: Held) -> None:
    old_refuted = held.decide(NORTH, days=20, decision="refuted", shared=b"old view")
    old_confirmed = held.decide(NORTH, days=20, decision="confirmed")
    ancient = held.decide(NORTH, days=500, decision="confirmed")
    young = held.decide(NORTH, days=2, decision="refuted")
    summary = held.retain()
    assert summary["would_delete"] is True
    assert all(held.there(ref.key) for ref in old_refuted.evidence)

    # its own crop of each, and the view that only the old refuted one names; the verdicts stay,
    # for the ancient one is in the middle of its chain
    deleted = held.retain("--delete")
    counts = ("pictures", "picture_bytes", "verdicts")
    assert [deleted[name] for name in counts] == [summary[name] for name in counts]
    assert not any(held.there(ref.key) for ref in old_refuted.evidence)
    assert all(held.there(ref.key) for ref in old_confirmed.evidence)
    assert not held.there(ancient.evidence[0].key)
    assert all(held.there(ref.key) for ref in young.evidence)
    assert all(held.there(verdict_at(one)) for one in (old_refuted, old_confirmed, ancient, young))
    assert held.verify(*GRACE)[:2] == (0, [])

    held.inventory.remove(young.evidence[0].key)
    assert held.verify(*GRACE)[1] == [f"picture_removed {young.evidence[0].key}"]


def test_old_verdicts_go_from_the_beginning_of_the_chain_and_what_was_missing_stays_said(
    held: Held,
) -> None:
    ancient = [held.decide(NORTH, days=500) for _ in range(4)]
    held.inventory.remove(verdict_at(ancient[1]))
    held.inventory.remove(ancient[1].evidence[0].key)
    kept = held.decide(NORTH, days=3)
    held.retain("--delete")
    assert not any(held.there(verdict_at(report)) for report in ancient)
    assert held.there(verdict_at(kept))
    assert held.verify(*GRACE)[1] == [f"verdict_removed number 2 of chain {CHAIN}"]
    held.inventory.remove(f"retention/{NORTH}.json")
    assert held.verify(*GRACE)[1] == [f"verdict_removed numbers 1 to 4 of chain {CHAIN}"]


def test_the_records_of_an_alarm_go_with_its_verdict(held: Held) -> None:
    alarms = AlarmStore(held.store, Keys(signer=open_signer(held.key)))
    ancient, young = held.decide(NORTH, days=500), held.decide(NORTH, days=3)
    waiting = held.decide(NORTH, stored=False)
    for report in (ancient, young, waiting):
        alarms.keep(ReportRecord(received_at=NOW, report=report))
    action = OperatorAction(
        report_id=ancient.report_id, gateway=NORTH, camera=ancient.camera,
        number=1, kind="claim", by="ann", at=NOW,
    )  # fmt: skip
    alarms.append(action)
    summary = held.retain("--delete")
    assert (summary["verdicts"], summary["records"]) == (1, 2)
    left = [one.key.split("/")[2] for one in held.inventory.list("alarms/")]
    assert left == [young.report_id, waiting.report_id]
    assert held.verify()[1] == []


def test_a_forged_word_of_retention_excuses_nothing(held: Held) -> None:
    one = held.decide(NORTH)
    held.inventory.remove(one.evidence[0].key)
    forged = {
        "gateway": NORTH, "said_at": NOW.isoformat(),
        "pictures": {"refuted": datetime(2100, 1, 1, tzinfo=UTC).isoformat()},
    }  # fmt: skip
    held.overwrite(f"retention/{NORTH}.json", json.dumps(forged).encode())
    assert sorted(held.verify(*GRACE)[1]) == [
        f"picture_removed {one.evidence[0].key}",
        f"verdict_inserted retention/{NORTH}.json",
    ]
