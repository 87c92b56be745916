"""Operators at work: who was first has it, and what they did is in the store before the index."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import ValidationError

from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore, key_of
from cloud.index.database import open_index
from cloud.index.desk import ActionRefusal, AlarmDesk, ProposedAction, RefusedAction
from cloud.index.summary import AlarmSummary
from cloud.keys import Keys
from contract.ids import ReportId
from objectstore.store import PermanentStoreError
from objectstore.store_dir import DirectoryStore
from tests.alarms import action_on, received, report_of
from tests.fakes import ManualClock

REPORT = report_of(1)
ID = REPORT.report_id


@dataclass(frozen=True)
class Office:
    """A desk with one alarm on it."""

    store: DirectoryStore
    alarms: AlarmStore
    index: AlarmIndex
    desk: AlarmDesk


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    engine = open_index(f"sqlite:///{tmp_path}/index.sqlite")
    clock, store = ManualClock(), DirectoryStore(tmp_path / "store")
    index, alarms = AlarmIndex(engine, clock), AlarmStore(store, Keys())
    index.add(ID, [received(REPORT)])
    yield Office(store, alarms, index, AlarmDesk(index, alarms, clock))
    engine.dispose()


def done(result: AlarmSummary | RefusedAction) -> AlarmSummary:
    assert isinstance(result, AlarmSummary)
    return result


def refused(result: AlarmSummary | RefusedAction) -> RefusedAction:
    assert isinstance(result, RefusedAction)
    return result


def claim(by: str, seen: int = 0) -> ProposedAction:
    return ProposedAction(report_id=ID, kind="claim", by=by, seen=seen)


def note(by: str, text: str, seen: int = 0) -> ProposedAction:
    return ProposedAction(report_id=ID, kind="note", by=by, seen=seen, note=text)


def test_a_claim_is_in_the_store_and_on_the_wall(office: Office) -> None:
    assert done(office.desk.act(claim("ann"))).claimed_by == "ann"
    found, free = office.alarms.actions(REPORT.gateway, ID, 1)
    assert [(one.kind, one.by, free) for one in found] == [("claim", "ann", 2)]
    assert office.index.parts(ID).actions == tuple(found)


def test_of_many_who_claim_at_once_one_has_it(office: Office) -> None:
    begin = threading.Barrier(6)

    def act(name: str) -> AlarmSummary | RefusedAction:
        begin.wait(30)
        return office.desk.act(claim(name))

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(act, "abcdef"))
    (winner,) = [one for one in results if isinstance(one, AlarmSummary)]
    others = [one for one in results if isinstance(one, RefusedAction)]
    assert {one.reason for one in others} <= {ActionRefusal.OVERTAKEN, ActionRefusal.HELD}
    assert {one.alarm.claimed_by for one in others if one.alarm} == {winner.claimed_by}


def test_what_somebody_else_holds_is_claimed_only_after_it_was_released(office: Office) -> None:
    office.desk.act(claim("ann"))
    assert refused(office.desk.act(claim("bob", seen=1))).reason is ActionRefusal.HELD
    office.desk.act(ProposedAction(report_id=ID, kind="release", by="ann", seen=1))
    assert done(office.desk.act(claim("bob", seen=2))).claimed_by == "bob"


def test_an_outcome_on_a_page_that_is_old_is_not_taken(office: Office) -> None:
    office.desk.act(claim("ann"))
    late = ProposedAction(report_id=ID, kind="outcome", by="bob", seen=0, outcome="false")
    answer = refused(office.desk.act(late))
    assert answer.reason is ActionRefusal.OVERTAKEN
    assert answer.alarm is not None
    assert (answer.alarm.claimed_by, answer.alarm.outcome) == ("ann", None)


def test_notes_at_once_all_stand(office: Office) -> None:
    begin = threading.Barrier(5)

    def act(name: str) -> AlarmSummary | RefusedAction:
        begin.wait(30)
        return office.desk.act(note(name, f"by {name}"))

    with ThreadPoolExecutor(5) as pool:
        for result in pool.map(act, "abcde"):
            done(result)
    assert {one.note for one in office.index.parts(ID).actions} == {f"by {n}" for n in "abcde"}


def test_what_another_process_stored_is_seen_before_it_is_overtaken(office: Office) -> None:
    """The index of this process has not heard of it yet."""
    office.alarms.append(action_on(REPORT, 1, "claim", by="bob"))
    answer = refused(office.desk.act(claim("ann")))
    assert (answer.reason, answer.alarm and answer.alarm.claimed_by) == (
        ActionRefusal.OVERTAKEN,
        "bob",
    )


def test_a_number_that_holds_no_action_hinders_nobody(office: Office) -> None:
    office.store.put_if_absent(key_of(action_on(REPORT, 1, "claim")), b"planted", "text/plain")
    alarm = done(office.desk.act(claim("ann")))
    assert (alarm.claimed_by, alarm.actions) == ("ann", 2)


def test_an_alarm_that_nobody_knows_takes_nothing(office: Office) -> None:
    unknown = ProposedAction(report_id=ReportId("north.gate.9.9.9"), kind="claim", by="a", seen=0)
    assert refused(office.desk.act(unknown)) == RefusedAction(reason=ActionRefusal.UNKNOWN)


def test_an_action_that_says_too_little_is_an_error_before_anything_is_stored(
    office: Office,
) -> None:
    with pytest.raises(ValidationError, match="outcome needs the field"):
        office.desk.act(ProposedAction(report_id=ID, kind="outcome", by="ann", seen=0))
    assert office.alarms.actions(REPORT.gateway, ID, 1) == ([], 1)


def test_a_store_that_takes_nothing_changes_nothing_in_the_index(
    office: Office, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("where a folder is needed")
    refusing = AlarmStore(DirectoryStore(tmp_path / "file"), Keys())
    desk = AlarmDesk(office.index, refusing, ManualClock())
    with pytest.raises(PermanentStoreError, match="cannot write"):
        desk.act(claim("ann"))
    assert office.index.parts(ID).actions == ()
