"""The operator's work on an alarm, and the hand-over at the end of a shift.

SHELL. Each action goes into the store before it is shown (`cloud.index.desk`), under the number
behind the last that the operator saw, so nobody undoes what he did not see. Called by `app`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, get_args

from fastapi import APIRouter, BackgroundTasks, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from cloud.console.alarm_access import AlarmAccess
from cloud.console.guard import SignedIn, client_address, guarded
from cloud.console.parts import (
    AccessPart,
    AuditPart,
    ClockPart,
    DeskPart,
    PagesPart,
    SettingsPart,
    TellPart,
)
from cloud.console.roles import WORKERS, Person
from cloud.console.wall import ReportPath
from cloud.console.work_rules import ActRefused, refusal
from cloud.index.desk import ActionRefusal, AlarmDesk, ProposedAction, RefusedAction
from cloud.index.queries import AlarmFilter
from cloud.index.summary import AlarmSummary
from contract.operator_action import MOST_ACTIONS, ActionKind, OutcomeCode
from objectstore.store import StoreError

OUTCOMES: tuple[OutcomeCode, ...] = get_args(OutcomeCode)
MOST_NOTE = 1000
MOST_PARKED_MINUTES = 24 * 60
MOST_HANDED = 200

_WORDS = {
    ActionRefusal.UNKNOWN: "there is no such alarm",
    ActionRefusal.OVERTAKEN: "somebody was faster: look at what happened, then decide",
    ActionRefusal.HELD: "somebody else has it",
    ActionRefusal.FULL: "too much was done about this alarm already",
}

Note = Annotated[str, Form(max_length=MOST_NOTE)]
Colleague = Annotated[str, Form(max_length=64)]


router = APIRouter(tags=["work"])


@guarded(router.post, "/alarms/{report_id}/act", WORKERS, response_class=HTMLResponse)
def act(
    request: Request,
    report_id: ReportPath,
    who: SignedIn,
    pages: PagesPart,
    access: AccessPart,
    desk: DeskPart,
    audit: AuditPart,
    clock: ClockPart,
    settings: SettingsPart,
    tell: TellPart,
    tasks: BackgroundTasks,
    kind: Annotated[ActionKind, Form()],
    seen: Annotated[int, Form(ge=0, le=MOST_ACTIONS)],
    note: Note = "",
    to: Colleague = "",
    step: Annotated[str, Form(max_length=200)] = "",
    outcome: Annotated[OutcomeCode | None, Form()] = None,
    minutes: Annotated[int | None, Form(ge=1, le=MOST_PARKED_MINUTES)] = None,
    panel: bool = False,
) -> Response:
    """Claim, release, close with an outcome, reopen, note, park, escalate, hand over, or tick a
    step."""
    alarm = access.find(who, report_id)
    parked_s = None if minutes is None else timedelta(minutes=minutes)
    proposed = ProposedAction(
        report_id=alarm.report_id,
        kind=kind,
        by=who.name,
        seen=seen,
        to=to or (settings.escalate_to if kind == "escalate" else None),
        outcome=outcome,
        note=note.strip() or None,
        until=None if parked_s is None else clock.now() + parked_s,
        step=step or None,
    )
    refused = _acted(proposed, alarm, who, access, desk)
    if refused is None:
        detail = f"{report_id} {outcome or to or step}".strip()
        audit.add(who.name, client_address(request), f"alarm_{kind}", detail)
    if refused is None and kind == "outcome":
        # its gateway remembers what was false; while it is away, or slow, nobody waits for it
        tasks.add_task(tell, alarm, access.index.parts(alarm.report_id).actions[-1])
    if refused is None and not panel:
        return RedirectResponse(f"/alarms/{report_id}", 303)
    return pages.page(
        request,
        "alarm_panel.html" if panel else "alarm.html",
        who,
        status=200 if refused is None else 409,
        facts=access.facts(who, report_id),
        error=None if refused is None else refused.reason,
    )


@guarded(router.get, "/shift", WORKERS, response_class=HTMLResponse)
def shift(request: Request, who: SignedIn, pages: PagesPart, access: AccessPart) -> Response:
    """What one has in hand, to hand it over."""
    return pages.page(request, "shift.html", who, mine=_held(access, who), handed=None, error=None)


@guarded(router.post, "/shift/hand-over", WORKERS, response_class=HTMLResponse)
def hand_over(
    request: Request,
    who: SignedIn,
    pages: PagesPart,
    access: AccessPart,
    desk: DeskPart,
    audit: AuditPart,
    to: Colleague = "",
    note: Note = "",
) -> Response:
    """All of it to a colleague, with one note."""
    if not to.strip() or to == who.name:
        return pages.page(
            request,
            "shift.html",
            who,
            status=422,
            mine=_held(access, who),
            handed=None,
            error="say to whom",
        )
    handed = 0
    for alarm in _held(access, who):
        proposed = ProposedAction(
            report_id=alarm.report_id,
            kind="hand_over",
            by=who.name,
            seen=alarm.actions,
            to=to.strip(),
            note=note.strip() or None,
        )
        handed += _acted(proposed, alarm, who, access, desk) is None
    audit.add(who.name, client_address(request), "shift_handed_over", f"{handed} to {to}")
    return pages.page(
        request, "shift.html", who, mine=_held(access, who), handed=(handed, to), error=None
    )


def _held(access: AlarmAccess, who: Person) -> tuple[AlarmSummary, ...]:
    wanted = AlarmFilter(
        gateways=access.sites.gateways_for(who),
        claimed_by=who.name,
        work=frozenset({"claimed", "parked"}),
    )
    return access.index.page(wanted, limit=MOST_HANDED).alarms


def _acted(
    proposed: ProposedAction,
    alarm: AlarmSummary,
    who: Person,
    access: AlarmAccess,
    desk: AlarmDesk,
) -> ActRefused | None:
    """None if it was done."""
    work = access.index.parts(alarm.report_id).work
    steps = access.sites.steps_at(alarm.gateway)
    refused = refusal(work, proposed.kind, who, steps, proposed.step)
    if refused is not None:
        return refused
    try:
        done = desk.act(proposed)
    except ValidationError as error:
        return ActRefused(error.errors()[0]["msg"].removeprefix("Value error, "))
    except (StoreError, SQLAlchemyError) as error:
        raise HTTPException(503, f"it is not known whether it was taken: {error}") from error
    return ActRefused(_WORDS[done.reason]) if isinstance(done, RefusedAction) else None
