"""A camera's page: its health, its newest picture with zones and rules, what became of its frames.

SHELL. Called by `app`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import HTMLResponse, Response

from cloud.console.alarm_access import AlarmAccess
from cloud.console.alarm_view import PictureView
from cloud.console.guard import SignedIn, guarded
from cloud.console.parts import AccessPart, FleetPart, PagesPart
from cloud.console.roles import READERS, Person
from cloud.console.wall import LABELS
from cloud.index.queries import AlarmFilter, WallOrder
from cloud.index.summary import AlarmSummary
from contract.ids import CameraId, GatewayId, is_name

NEWEST = 20
FUNNEL = (
    *("received", "rejected", "superseded", "quiet", "analysed", "suspicions", "deduplicated"),
    *("confirmed", "refuted", "inconclusive", "unconfirmed"),
)
PathName = Annotated[str, Path(max_length=64)]


router = APIRouter(tags=["cameras"])


@guarded(router.get, "/cameras", READERS, response_class=HTMLResponse)
def cameras(
    request: Request, who: SignedIn, pages: PagesPart, book: FleetPart, access: AccessPart
) -> Response:
    """All cameras of one's sites."""
    found = [
        (gateway, camera, facts)
        for gateway in book.gateways()
        if access.sites.sees(who, gateway)
        for camera, facts in _cameras(book.details(gateway)).items()
    ]
    return pages.page(request, "cameras.html", who, cameras=found, site_of=access.sites.site_of)


@guarded(router.get, "/cameras/{gateway}/{camera}", READERS, response_class=HTMLResponse)
def camera_page(
    request: Request,
    gateway: PathName,
    camera: PathName,
    who: SignedIn,
    pages: PagesPart,
    book: FleetPart,
    access: AccessPart,
) -> Response:
    """One camera."""
    if not (is_name(gateway) and is_name(camera) and access.sites.sees(who, gateway)):
        raise HTTPException(404, "there is no such camera, or it is not for you")
    known = _cameras(book.details(GatewayId(gateway))).get(camera)
    alarms = newest_alarms(access, gateway, camera)
    if known is None and not alarms:
        raise HTTPException(404, "nothing was heard of such a camera")
    return pages.page(
        request,
        "camera.html",
        who,
        gateway=gateway,
        camera=camera,
        site=access.sites.site_of(gateway),
        known=known,
        funnel=FUNNEL,
        places=access.configurations.places(gateway, camera),
        last=newest_picture(access, who, alarms),
        alarms=alarms,
        missed=access.index.missed.find([GatewayId(gateway)], CameraId(camera), limit=NEWEST),
        labels=LABELS,
        now=access.clock.now(),
    )


def _cameras(details: Mapping[str, object] | None) -> Mapping[str, Mapping[str, object]]:
    found = {} if details is None else details["cameras_by_id"]
    return found if isinstance(found, dict) else {}


def newest_alarms(
    access: AlarmAccess,
    gateway: str,
    camera: str,
    most: int = NEWEST,
    since: datetime | None = None,
) -> tuple[AlarmSummary, ...]:
    """Samples and tests are among them: their pictures show the camera as well."""
    wanted = AlarmFilter(
        gateways=frozenset({GatewayId(gateway)}),
        camera=CameraId(camera),
        since=since,
        audits=True,
        tests=True,
    )
    return access.index.page(wanted, WallOrder.TIME, limit=most).alarms


def newest_picture(
    access: AlarmAccess, who: Person, alarms: tuple[AlarmSummary, ...]
) -> PictureView | None:
    """The newest whole frame that is stored."""
    for alarm in alarms:
        pictures = access.facts(who, alarm.report_id).pictures
        whole = [one for one in pictures if one.role != "crop"]
        if whole:
            return whole[-1]
    return None
