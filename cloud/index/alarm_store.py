"""The records of alarms in the object store, which are the truth that the index repeats.

SHELL (reads and writes the object store). Each record is put once, under a condition, so whoever
comes later learns what stands there, and an action's number is claimed by who puts it. Records are
signed where there is a key; one that no trusted key signed, or that is of another alarm, is passed
over and said. Raises what the store raises. Called by the worker, `following`, `desk` and
`rebuilding`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, assert_never

from cloud.index.records import AlarmRecord, ReportRecord, UnconfirmedRecord
from cloud.keys import Keys
from cloud.verdicts import sealed
from cloud.verdicts.entry import LedgerEntry
from cloud.verdicts.ledger import PLACES
from cloud.verdicts.sealed import RecordFault, RecordRefusal
from cloud.verdicts.stock import entry_at
from contract.ids import GatewayId, ReportId
from contract.keys import AlarmRecordKey, alarm_record_key, missed_key, verdict_key
from contract.missed_threat import MissedThreat
from contract.operator_action import OperatorAction
from contract.report import ThreatReport
from objectstore.store import NotFound, ObjectStore, TooLarge
from service.events import Event, log

CONTENT_TYPE = "application/json"
MAX_RECORD_BYTES = 512 * 1024
"""A report of 64 KiB with a line for each of its values."""

_DOMAIN = "io.stillwatch.alarm-record.v1"

Stored = TypeVar("Stored", ReportRecord, UnconfirmedRecord, OperatorAction, MissedThreat)


class AlarmStore:
    """`alarms/` in the object store, and the verdicts beside it."""

    def __init__(self, store: ObjectStore, keys: Keys) -> None:
        self._store, self._keys = store, keys

    def keep(self, record: Stored) -> Stored | None:
        """Stores it unless there is one already; what is there then. None: what lies in its place
        is none of ours."""
        key = key_of(record)
        body = sealed.encode(_DOMAIN, record, self._keys.signer)
        if self._store.put_if_absent(key, body, CONTENT_TYPE) == "created":
            return record
        return self._read(key, type(record))

    def append(self, action: OperatorAction) -> OperatorAction | None:
        """Claims the action's number. What stands there: the very action if it is ours, or that
        of who was faster; None: something that is none."""
        return self.keep(action)

    def missed(self, gateway: GatewayId, threat_id: str) -> MissedThreat | None:
        """What somebody reported under this id."""
        return self._read(missed_key(gateway, threat_id), MissedThreat)

    def verdict(self, gateway: GatewayId, report_id: ReportId) -> LedgerEntry | None:
        """The first that stands for a report."""
        for place in range(PLACES):
            key = verdict_key(gateway, report_id, place)
            found = entry_at(self._store, key, gateway, self._keys.keyring)
            if found is None:
                return None
            if isinstance(found, LedgerEntry) and found.report_id == report_id:
                return found
        return None

    def actions(
        self, gateway: GatewayId, report_id: ReportId, first: int
    ) -> tuple[list[OperatorAction], int]:
        """Those from number `first` on, and the first number that is free; a number that
        something else has taken is passed over."""
        actions: list[OperatorAction] = []
        number = first
        while True:
            key = alarm_record_key(gateway, report_id, "action", number)
            try:
                found = self._decoded(key, OperatorAction)
            except NotFound:
                return actions, number
            actions += [] if found is None else [found]
            number += 1

    def records(
        self, gateway: GatewayId, report_id: ReportId, listed: Iterable[AlarmRecordKey]
    ) -> list[AlarmRecord]:
        """What stands of one alarm: the `listed` records, as far as they are ours, and the
        verdict."""
        found: list[AlarmRecord] = []
        for one in listed:
            record = self._listed(one)
            if record is not None:
                found.append(record)
        verdict = self.verdict(gateway, report_id)
        return found if verdict is None else [*found, verdict]

    def _listed(self, one: AlarmRecordKey) -> AlarmRecord | None:
        key = alarm_record_key(one.gateway, one.report, one.name, one.number)
        match one.name:
            case "report":
                return self._read(key, ReportRecord)
            case "unconfirmed":
                return self._read(key, UnconfirmedRecord)
            case "action":
                return self._read(key, OperatorAction)
            case _:
                assert_never(one.name)

    def _read(self, key: str, kind: type[Stored]) -> Stored | None:
        """None also if it went meanwhile."""
        try:
            return self._decoded(key, kind)
        except NotFound:
            return None

    def _decoded(self, key: str, kind: type[Stored]) -> Stored | None:
        found = self._found(key, kind)
        if isinstance(found, tuple):
            reason, words = found
            log(Event.ALARM_RECORD_REFUSED, key=key, reason=reason.value, detail=words)
            return None
        return found

    def _found(self, key: str, kind: type[Stored]) -> Stored | RecordRefusal:
        try:
            body = self._store.get(key, MAX_RECORD_BYTES)
        except TooLarge as error:
            return RecordFault.MALFORMED, str(error)
        found = sealed.decode(_DOMAIN, kind, body, self._keys.keyring)
        if not isinstance(found, tuple) and key_of(found) != key:
            return RecordFault.MISPLACED, f"it belongs to {key_of(found)}"
        return found


def key_of(record: ReportRecord | UnconfirmedRecord | OperatorAction | MissedThreat) -> str:
    """Where a record lies."""
    if isinstance(record, MissedThreat):
        return missed_key(record.gateway, record.id)
    if isinstance(record, OperatorAction):
        return alarm_record_key(record.gateway, record.report_id, "action", record.number)
    if isinstance(record, UnconfirmedRecord):
        said = record.verdict
        return alarm_record_key(said.gateway, said.report_id, "unconfirmed")
    return _report_key(record.report)


def _report_key(report: ThreatReport) -> str:
    return alarm_record_key(report.gateway, report.report_id, "report", len(report.evidence))
