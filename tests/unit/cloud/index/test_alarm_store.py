"""The records of alarms in a store: put once, claimed by number, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.index.alarm_store import AlarmStore, key_of
from cloud.index.records import AlarmRecord
from cloud.keys import Keys
from cloud.verdicts import entry
from contract.keys import (
    alarm_record_key,
    parse_alarm_record_key,
    report_of_verdict_key,
    verdict_key,
)
from contract.signature import Keyring, Signer, new_signer
from objectstore.inventory import DirectoryInventory
from objectstore.store_dir import DirectoryStore
from tests.alarms import action_on, decided, given_up, received, report_of
from tests.fakes import recorded_events

REPORT = report_of(1)


def signed_by(signer: Signer) -> Keys:
    return Keys(signer=signer, keyring=Keyring([signer.public]))


@pytest.fixture
def folder(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path)


def all_of(alarms: AlarmStore, tmp_path: Path) -> list[AlarmRecord]:
    listed = DirectoryInventory(tmp_path).list(f"alarms/north/{REPORT.report_id}/")
    keys = [parse_alarm_record_key(one.key) for one in listed]
    assert all(keys)
    return alarms.records(REPORT.gateway, REPORT.report_id, [one for one in keys if one])


@pytest.mark.parametrize("keys", [Keys(), signed_by(new_signer())], ids=["plain", "signed"])
def test_what_was_kept_is_read_again(folder: DirectoryStore, tmp_path: Path, keys: Keys) -> None:
    alarms = AlarmStore(folder, keys)
    kept = [received(REPORT), received(report_of(1, pictures=3))]
    for record in kept:
        assert alarms.keep(record) == record
    alarms.keep(given_up(REPORT))
    alarms.append(action_on(REPORT, 1, "claim"))
    folder.put_if_absent(
        verdict_key(REPORT.gateway, REPORT.report_id),
        entry.encode(decided(REPORT), keys.signer),
        "application/json",
    )
    expected: list[AlarmRecord] = [
        *kept,
        given_up(REPORT),
        action_on(REPORT, 1, "claim"),
        decided(REPORT),
    ]
    found = all_of(alarms, tmp_path)
    assert len(found) == len(expected)
    assert all(one in expected for one in found)


def test_the_first_record_in_a_place_stands(folder: DirectoryStore) -> None:
    alarms = AlarmStore(folder, Keys())
    alarms.keep(received(REPORT, after_s=1))
    assert alarms.keep(received(REPORT, after_s=9)) == received(REPORT, after_s=1)


def test_two_who_claim_the_same_number_learn_who_has_it(folder: DirectoryStore) -> None:
    alarms = AlarmStore(folder, Keys())
    ann, bob = action_on(REPORT, 1, "claim", by="ann"), action_on(REPORT, 1, "claim", by="bob")
    assert alarms.append(ann) == ann
    assert alarms.append(bob) == ann


def test_what_somebody_planted_is_passed_over_and_said(
    folder: DirectoryStore, tmp_path: Path
) -> None:
    stranger = AlarmStore(folder, signed_by(new_signer()))
    stranger.append(action_on(REPORT, 1, "outcome", by="mallory", outcome="false"))
    stranger.keep(given_up(REPORT))
    folder.put_if_absent(key_of(action_on(REPORT, 2, "claim")), b"no JSON", "application/json")
    alarms = AlarmStore(folder, signed_by(new_signer()))
    with recorded_events() as lines:
        assert all_of(alarms, tmp_path) == []
        assert alarms.actions(REPORT.gateway, REPORT.report_id, 1) == ([], 3)
    reasons = {line.fields["reason"] for line in lines if line.event == "alarm_record_refused"}
    assert reasons == {"foreign_key", "malformed"}


def test_a_record_that_was_copied_to_another_alarm_is_none(folder: DirectoryStore) -> None:
    alarms = AlarmStore(folder, Keys())
    body = b"".join([action_on(report_of(2), 1, "claim").model_dump_json().encode()])
    key = alarm_record_key(REPORT.gateway, REPORT.report_id, "action", 1)
    folder.put_if_absent(key, body, "application/json")
    with recorded_events() as lines:
        assert alarms.actions(REPORT.gateway, REPORT.report_id, 1) == ([], 2)
    assert [line.fields["reason"] for line in lines] == ["misplaced"]


def test_a_verdict_in_a_later_place_is_found_behind_what_is_none(folder: DirectoryStore) -> None:
    first, second = (verdict_key(REPORT.gateway, REPORT.report_id, place) for place in (0, 1))
    folder.put_if_absent(first, b"planted", "application/json")
    folder.put_if_absent(second, entry.encode(decided(REPORT), None), "application/json")
    assert AlarmStore(folder, Keys()).verdict(REPORT.gateway, REPORT.report_id) == decided(REPORT)
    assert report_of_verdict_key(first) == report_of_verdict_key(second) == REPORT.report_id


@pytest.mark.parametrize(
    "key",
    [
        "alarms/north/no-report/report-01.json",
        "alarms/north/north.gate.1.1.0/report-1.json",
        "alarms/north/north.gate.1.1.0/action-12345.json",
        "alarms/north/north.gate.1.1.0/notes.json",
        "alarms/North/north.gate.1.1.0/unconfirmed.json",
        "evidence/north/north.gate.1.1.0/unconfirmed.json",
    ],
)
def test_other_keys_are_no_records(key: str) -> None:
    assert parse_alarm_record_key(key) is None
