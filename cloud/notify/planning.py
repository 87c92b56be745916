"""What a verdict means for those who are told: first words, pictures, updates, or nothing.

PURE. The first decision of the cloud stands; what comes after it, or says the same again, is told
nobody. Whoever was told of an alarm is told what becomes of it; of what has not left us yet only
the newest is told, and what was refuted meanwhile not at all. Called by `intake`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cloud.notify.choice import NotifiedSite, chosen
from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.notice import Notice
from cloud.notify.settings import NotifyRule
from contract.keys import parse_evidence_key
from contract.report import ThreatReport
from contract.verdict import Decision, Verdict

Turn = Literal["new", "silent", "same", "late", "changed", "refuted"]
"""What a decision is after the one before; `silent`: refuted or an audit from the beginning."""

SELF_TEST_RULE = "self_test"
"""As the gateway's own self-test names its rule."""

_WORDS = 12
_CHARS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmHistory:
    """What is known of an alarm: `told` was sent its first word, to `unsent` it waits untried."""

    decision: Decision
    event: str
    revision: int = 0
    told: frozenset[str] = frozenset()
    unsent: frozenset[str] = frozenset()
    pictured: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNotice:
    """One row of the queue; `gather_s`: told together with others after so long."""

    destination: str
    notice: Notice
    gather_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPlan:
    """What is recorded at once: the alarm as it is now, new rows, and destinations whose untried
    rows of it are void."""

    turn: Turn
    notice: Notice
    planned: tuple[PlannedNotice, ...] = ()
    void: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyPolicy:
    """The rules, and the destinations by name."""

    rules: Sequence[NotifyRule]
    destinations: Mapping[str, DestinationSettings] = field(default_factory=dict)


def turn_of(verdict: Verdict, before: Decision | None) -> Turn:
    """What the verdict is after the decision `before`."""
    after = verdict.decision
    if before is None:
        quiet = (verdict.audit or after == "refuted") and not verdict.test
        return "silent" if quiet else "new"
    if before == after:
        return "same"
    if before in ("confirmed", "refuted") or after == "unconfirmed":
        return "late"
    return "refuted" if after == "refuted" else "changed"


def plan(
    verdict: Verdict,
    report: ThreatReport | None,
    history: AlarmHistory | None,
    site: NotifiedSite,
    event: str,
    policy: NotifyPolicy,
    now: datetime,
) -> AlarmPlan:
    """What is to be told because of `verdict`; `report` is None where it has not been heard."""
    turn = turn_of(verdict, history.decision if history else None)
    notice = notice_of(verdict, report, site, event, history)
    match turn:
        case "new":
            rows = _first(notice, policy, now, frozenset(), frozenset())
            return AlarmPlan(turn=turn, notice=notice, planned=tuple(rows))
        case "changed" if history is not None:
            rows = _changed(notice, policy, now, history)
            return AlarmPlan(turn=turn, notice=notice, planned=tuple(rows), void=history.unsent)
        case "refuted" if history is not None:
            rows = _updates(notice.at_stage("refuted"), policy, history.told - history.unsent)
            return AlarmPlan(turn=turn, notice=notice, planned=tuple(rows), void=history.unsent)
        case _:
            return AlarmPlan(turn=turn, notice=notice)


def end_of(
    notice: Notice, told: frozenset[str], policy: NotifyPolicy, at: datetime
) -> tuple[PlannedNotice, ...]:
    """That the event whose last alarm was `notice` is over, for those who were told of it."""
    return tuple(_updates(notice.at_stage("ended", at=at), policy, told))


def fault_plan(
    notice: Notice, told: frozenset[str], policy: NotifyPolicy, now: datetime
) -> tuple[PlannedNotice, ...]:
    """What is to be told of a fault that began, or to those who were `told` that it is over."""
    if notice.stage == "ended":
        return tuple(_updates(notice, policy, told))
    return tuple(_first(notice, policy, now, frozenset(), frozenset()))


def notice_of(
    verdict: Verdict,
    report: ThreatReport | None,
    site: NotifiedSite,
    event: str,
    history: AlarmHistory | None,
) -> Notice:
    """The first word on the verdict, from what it and its report say."""
    return Notice(
        about=verdict.report_id,
        revision=history.revision + 1 if history else 0,
        kind="test" if verdict.test else "alarm",
        event=event,
        site=site.id,
        place=site.place,
        time_zone=site.time_zone,
        gateway=verdict.gateway,
        camera=verdict.camera,
        label=verdict.label,
        severity=verdict.severity,
        profile=verdict.profile or (report.profile if report else None),
        decision=verdict.decision,
        before=history.decision if history else None,
        self_test=report is not None and report.rule.id == SELF_TEST_RULE,
        at=_seen_at(verdict, report),
        why=_short(report.rule.reasons if report else ()),
        decided=_short(verdict.reasons),
        zones=report.zones[:_WORDS] if report else (),
        evidence_key=_picture(verdict, report),
    )


def _seen_at(verdict: Verdict, report: ThreatReport | None) -> datetime:
    """When it was seen, if the gateway knew the time; else when it was decided."""
    return report.raised_at if report and report.clocksync else verdict.decided_at


def _picture(verdict: Verdict, report: ThreatReport | None) -> str | None:
    """The picture that decided, or the report's best; only of the camera itself."""
    best = [ref.key for ref in report.evidence if ref.role == "best"] if report else []
    for key in (verdict.evidence_key, *best):
        place = parse_evidence_key(key) if key else None
        if place and (place.gateway, place.camera) == (verdict.gateway, verdict.camera):
            return key
    return None


def _short(reasons: Sequence[str]) -> tuple[str, ...]:
    return tuple(one[:_CHARS] for one in reasons[:_WORDS])


def _first(
    notice: Notice,
    policy: NotifyPolicy,
    now: datetime,
    besides: frozenset[str],
    pictured: frozenset[str],
) -> Iterator[PlannedNotice]:
    """First words to all that the rules choose, but for those `besides`."""
    for name, gather_s in chosen(policy.rules, notice, now).items():
        if name not in besides:
            yield PlannedNotice(destination=name, notice=notice, gather_s=gather_s)
            if not gather_s:
                yield from _pictures(notice, policy, name, pictured)


def _changed(
    notice: Notice, policy: NotifyPolicy, now: datetime, history: AlarmHistory
) -> Iterator[PlannedNotice]:
    """Whoever knows of it learns the change, whoever does not learns it as news."""
    heard = history.told - history.unsent
    yield from _first(notice, policy, now, heard, history.pictured)
    for row in _updates(notice.at_stage("changed"), policy, heard):
        yield row
        yield from _pictures(notice, policy, row.destination, history.pictured)


def _updates(notice: Notice, policy: NotifyPolicy, told: frozenset[str]) -> Iterator[PlannedNotice]:
    for name in sorted(told):
        settings = policy.destinations.get(name)
        if settings is not None and settings.updates:
            yield PlannedNotice(destination=name, notice=notice)


def _pictures(
    notice: Notice, policy: NotifyPolicy, name: str, pictured: frozenset[str]
) -> Iterator[PlannedNotice]:
    settings = policy.destinations.get(name)
    wanted = settings is not None and settings.with_pictures and name not in pictured
    if wanted and notice.evidence_key is not None:
        yield PlannedNotice(destination=name, notice=notice.at_stage("picture"))
