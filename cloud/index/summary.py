"""One row for the wall from all that is known of an alarm.

PURE. A function of the set of records alone, so it does not matter in which order they came, and a
rebuilt index has the rows of one that followed live. The report with the most pictures counts; the
cloud's verdict outranks the edge's word. Called by `alarm_index`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cloud.index.records import AlarmRecord, ReportRecord, UnconfirmedRecord
from cloud.index.work import WorkState, WorkStatus, work_of
from cloud.verdicts.entry import LedgerEntry
from contract.ids import CameraId, GatewayId, ReportId
from contract.operator_action import OperatorAction, OutcomeCode
from contract.report import ThreatReport
from contract.verdict import Verdict

AlarmState = Literal["pending", "confirmed", "refuted", "inconclusive", "unconfirmed"]
"""What the cloud decided, or the edge meanwhile; `pending`: nobody has yet."""

_WORDS_CHARS = 4000
_LONGEST_S = 366 * 86_400.0
"""Of a report on its way; more is no age."""

_NUL = "\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmParts:
    """The records of one alarm; `report` is the one that counts, `received_at` of the first."""

    report: ThreatReport | None = None
    received_at: datetime | None = None
    verdict: LedgerEntry | None = None
    unconfirmed: Verdict | None = None
    actions: tuple[OperatorAction, ...] = ()

    @property
    def decided(self) -> Verdict | None:
        """The verdict that counts."""
        return self.verdict or self.unconfirmed

    @property
    def work(self) -> WorkState:
        """What operators made of it."""
        return work_of(self.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSummary:
    """What the wall shows of an alarm. `severity` and `label` are the verdict's, once there is
    one; `votes` has what each network gave; `words` is what a search by words looks at."""

    report_id: ReportId
    gateway: GatewayId
    camera: CameraId
    label: str
    severity: int
    rule: str
    raised_at: datetime
    received_at: datetime | None
    state: AlarmState
    decided_at: datetime | None
    score: float
    edge_score: float
    votes: dict[str, float]
    on_test: bool
    audit: bool
    picture_key: str | None
    work: WorkStatus
    claimed_by: str | None
    outcome: OutcomeCode | None
    parked_until: datetime | None
    escalated_to: str | None
    actions: int
    words: str


def parts_of(records: Collection[AlarmRecord]) -> AlarmParts:
    """The records by what they say."""
    reports = sorted(
        (one for one in records if isinstance(one, ReportRecord)),
        key=lambda one: len(one.report.evidence),
    )
    actions = sorted(
        (one for one in records if isinstance(one, OperatorAction)), key=lambda one: one.number
    )
    words = [one for one in records if isinstance(one, UnconfirmedRecord)]
    heard = [*(one.received_at for one in reports), *(one.received_at for one in words)]
    return AlarmParts(
        report=reports[-1].report if reports else None,
        received_at=min(heard, default=None),
        verdict=next((one for one in records if isinstance(one, LedgerEntry)), None),
        unconfirmed=words[0].verdict if words else None,
        actions=tuple(actions),
    )


def summarise(parts: AlarmParts) -> AlarmSummary | None:
    """The row; None while neither report nor verdict is known."""
    report, decided, work = parts.report, parts.decided, parts.work
    first = report or decided
    if first is None:
        return None
    return AlarmSummary(
        report_id=first.report_id,
        gateway=first.gateway,
        camera=first.camera,
        label=_plain((decided or first).label),
        severity=(decided or first).severity,
        rule=_plain(report.rule.id if report else ""),
        raised_at=_whole(_raised_at(report, parts.received_at) or _decided_at(decided)),
        received_at=_whole_or_none(parts.received_at),
        state=decided.decision if decided else "pending",
        decided_at=_whole(decided.decided_at) if decided else None,
        score=decided.score if decided else report.scores.top if report else 0.0,
        edge_score=report.scores.top if report else 0.0,
        votes={_plain(one.network): one.score for one in (decided.votes if decided else ())},
        on_test=first.test,
        audit=first.audit,
        picture_key=_picture(parts),
        work=work.status,
        claimed_by=_plain_or_none(work.claimed_by),
        outcome=work.outcome,
        parked_until=_whole_or_none(work.parked_until),
        escalated_to=_plain_or_none(work.escalated_to),
        actions=work.actions,
        words=_words(parts),
    )


def _raised_at(report: ThreatReport | None, received_at: datetime | None) -> datetime | None:
    """By our own clock where the gateway's is wrong: no alarm is from the future, or from 1970."""
    if report is None or received_at is None:
        return None
    if report.clocksync and report.raised_at <= received_at:
        return report.raised_at
    return received_at - timedelta(seconds=min(report.age_s or 0.0, _LONGEST_S))


def _decided_at(decided: Verdict | None) -> datetime:
    """Called where there is no report, so there is a verdict."""
    assert decided is not None  # noqa: S101, as said
    return decided.decided_at


def _whole(moment: datetime) -> datetime:
    """In milliseconds, in UTC: as the database gives it back."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _whole_or_none(moment: datetime | None) -> datetime | None:
    return None if moment is None else _whole(moment)


def _picture(parts: AlarmParts) -> str | None:
    """The best whole frame, or what the verdict is about."""
    evidence = parts.report.evidence if parts.report else ()
    best = next((one.key for one in evidence if one.role == "best"), None)
    decided = parts.decided.evidence_key if parts.decided else None
    first = evidence[0].key if evidence else None
    found = best or decided or first
    return None if found is None else _plain(found)


def _words(parts: AlarmParts) -> str:
    """In lower case, each once."""
    found = dict.fromkeys(_plain(word).lower() for word in _said(parts) if word)
    return " ".join(found)[:_WORDS_CHARS]


def _said(parts: AlarmParts) -> Iterator[str | None]:
    first = parts.report or parts.decided
    if first is not None:
        yield from (first.report_id, first.gateway, first.camera, first.label, first.profile)
    if parts.report is not None:
        yield from (parts.report.rule.id, *parts.report.zones)
    if parts.decided is not None:
        yield parts.decided.label
    yield from (parts.work.claimed_by, parts.work.outcome)
    yield from (action.note for action in parts.actions)


def _plain(text: str) -> str:
    """PostgreSQL's texts hold no NUL."""
    return text.replace(_NUL, "\ufffd")


def _plain_or_none(text: str | None) -> str | None:
    return None if text is None else _plain(text)
