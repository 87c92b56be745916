"""What the object store has of an alarm, as records.

PURE. Four kinds: the report as it was received, the cloud's verdict (the ledger's entry), the
edge's word that it stays unconfirmed, and what operators did. All but the verdict are written by
whoever keeps the index. None is ever altered, so the same record may come any number of times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from pydantic import Field

from cloud.verdicts.entry import LedgerEntry
from contract.operator_action import OperatorAction
from contract.report import ThreatReport, Wire
from contract.values import Moment
from contract.verdict import Verdict

AlarmRecordKind = Literal["report", "verdict", "unconfirmed", "action"]


class ReportRecord(Wire):
    """A report as it first came with so many pictures."""

    version: Literal[1] = Field(1, description="Version of this record.")
    received_at: Moment = Field(description="When the cloud took it.")
    report: ThreatReport = Field(description="As it came.")


class UnconfirmedRecord(Wire):
    """What the edge said when no answer came in time."""

    version: Literal[1] = Field(1, description="Version of this record.")
    received_at: Moment = Field(description="When the cloud heard it.")
    verdict: Verdict = Field(description="As it came: `unconfirmed`, decided by the edge.")


AlarmRecord = ReportRecord | LedgerEntry | UnconfirmedRecord | OperatorAction

_MODELS: dict[AlarmRecordKind, type[AlarmRecord]] = {
    "report": ReportRecord,
    "verdict": LedgerEntry,
    "unconfirmed": UnconfirmedRecord,
    "action": OperatorAction,
}


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Which of an alarm's records; `number`: of a report its pictures, of an action its place."""

    kind: AlarmRecordKind
    number: int


def place_of(record: AlarmRecord) -> RecordPlace:
    """Where it belongs; two records of one place are the same record."""
    match record:
        case ReportRecord():
            return RecordPlace("report", len(record.report.evidence))
        case LedgerEntry():
            return RecordPlace("verdict", 0)
        case UnconfirmedRecord():
            return RecordPlace("unconfirmed", 0)
        case OperatorAction():
            return RecordPlace("action", record.number)
        case _:
            assert_never(record)


def body_of(record: AlarmRecord) -> str:
    """As JSON, without a signature."""
    return record.model_dump_json()


def record_in(kind: AlarmRecordKind, body: str) -> AlarmRecord:
    """The record; raises `ValidationError` for what `body_of` did not make."""
    return _MODELS[kind].model_validate_json(body)
