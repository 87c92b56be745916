"""What nobody was notified of: an operator reports it, so that figures and proposals count it.

SHELL. The report goes into the store before the index, as actions do. Called by `app`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from cloud.console.alarm_access import AlarmAccess
from cloud.console.camera import newest_alarms
from cloud.console.fleet_book import FleetBook
from cloud.console.guard import SignedIn, client_address, guarded
from cloud.console.parts import AccessPart, AuditPart, ClockPart, DeskPart, FleetPart, PagesPart
from cloud.console.roles import WORKERS, Person
from cloud.console.wall import LABELS
from cloud.console.work import Note
from contract.ids import CameraId, GatewayId, is_name
from contract.missed_threat import MissedThreat
from objectstore.store import StoreError

MOST_DAYS = timedelta(days=366)
"""Figures go no further back."""
_SLACK = timedelta(minutes=1)
"""Of the clocks of browser and server."""
_MOST_OFFSET = 15 * 60

CameraChoice = Annotated[str, Form(max_length=129)]

router = APIRouter(tags=["missed"])


@guarded(router.get, "/missed", WORKERS, response_class=HTMLResponse)
def missed(
    request: Request,
    who: SignedIn,
    pages: PagesPart,
    access: AccessPart,
    book: FleetPart,
    camera: Annotated[str, Query(max_length=129)] = "",
) -> Response:
    """The form, with all cameras to choose from."""
    return _shown(request, who, pages, access, book, chosen=camera)


@guarded(router.post, "/missed", WORKERS, response_class=HTMLResponse)
def report_missed(
    request: Request,
    who: SignedIn,
    pages: PagesPart,
    access: AccessPart,
    book: FleetPart,
    desk: DeskPart,
    audit: AuditPart,
    clock: ClockPart,
    camera: CameraChoice,
    missed_at: Annotated[datetime, Form()],
    label: Annotated[str, Form(max_length=64)],
    note: Note = "",
    offset_minutes: Annotated[int, Form(ge=-_MOST_OFFSET, le=_MOST_OFFSET)] = 0,
) -> Response:
    """Keeps it; the camera's page has it then. `missed_at` without a zone is `offset_minutes`
    before UTC, as browsers count."""
    gateway, _, name = camera.partition("/")
    if not _knows(access, book, who, gateway, name):
        raise HTTPException(404, "there is no such camera, or it is not for you")
    now = clock.now()
    at = _in_utc(missed_at, offset_minutes, now)
    wrong = at if isinstance(at, str) else None if label in LABELS else "choose a class"
    if isinstance(at, str) or wrong is not None:
        return _shown(request, who, pages, access, book, chosen=camera, status=422, error=wrong)
    threat = MissedThreat(
        gateway=GatewayId(gateway),
        camera=CameraId(name),
        label=label,
        missed_at=at,
        note=note.strip() or None,
        by=who.name,
        reported_at=now,
    )
    try:
        kept = desk.report_missed(threat)
    except (StoreError, SQLAlchemyError) as error:
        raise HTTPException(503, f"it is not known whether it was taken: {error}") from error
    if kept is None:
        raise HTTPException(409, "what lies in its place in the store is none of ours")
    detail = f"{gateway}/{name} {label} {at.isoformat()}"
    audit.add(who.name, client_address(request), "missed_reported", detail)
    return RedirectResponse(f"/cameras/{gateway}/{name}#missed", 303)


def _knows(access: AlarmAccess, book: FleetBook, who: Person, gateway: str, camera: str) -> bool:
    if not (is_name(gateway) and is_name(camera) and access.sites.sees(who, gateway)):
        return False
    heard = (GatewayId(gateway), CameraId(camera)) in book.cameras()
    return heard or bool(newest_alarms(access, gateway, camera, 1))


def _in_utc(said: datetime, offset_minutes: int, now: datetime) -> datetime | str:
    """Or why it cannot be."""
    near = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
    if not now - 2 * MOST_DAYS < near < now + 2 * MOST_DAYS:
        return "say when it was: at most a year ago"
    shift = timedelta(0) if said.tzinfo is not None else timedelta(minutes=offset_minutes)
    at = near.astimezone(UTC) + shift
    if at > now + _SLACK:
        return "say when it was: that is still to come"
    return at if at > now - MOST_DAYS else "say when it was: at most a year ago"


def _shown(
    request: Request,
    who: Person,
    pages: PagesPart,
    access: AlarmAccess,
    book: FleetBook,
    *,
    chosen: str,
    status: int = 200,
    error: str | None = None,
) -> HTMLResponse:
    choices = [
        (f"{gateway}/{name}", f"{access.sites.site_of(gateway)} · {name}")
        for gateway, name in sorted(book.cameras())
        if access.sites.sees(who, gateway)
    ]
    return pages.page(
        request,
        "missed.html",
        who,
        status=status,
        choices=choices,
        chosen=chosen,
        labels=LABELS,
        now=access.clock.now(),
        error=error,
    )
