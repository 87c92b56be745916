"""The editor of zones and masks: it proposes, shows what would have changed, and applies nothing.

SHELL. What comes out is a patch that whoever holds the keys signs and orders with
`stillwatch-cloud config`; the console has no such key. Called by `app`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import yaml
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from cloud.console.alarm_access import AlarmAccess
from cloud.console.camera import PathName, newest_alarms, newest_picture
from cloud.console.camera_section import camera_patch
from cloud.console.guard import SignedIn, client_address, guarded
from cloud.console.parts import AccessPart, AuditPart, PagesPart
from cloud.console.place_replay import replay
from cloud.console.proposal import (
    KINDS,
    ChangedLists,
    ProposalFault,
    changed_lists,
    places_in,
    read_places,
    text_of,
)
from cloud.console.replay_view import ReplayView, replay_view
from cloud.console.roles import PROPOSERS, Person
from cloud.console.rule_places import fault_in, rule_places_of
from cloud.index.summary import AlarmParts
from contract.ids import is_name

MOST_ALARMS = 300
"""The newest of the chosen days that are looked at: some 2 ms each."""
DAYS = {1: "the last day", 7: "the last 7 days", 30: "the last 30 days"}
MOST_CHARS = 20_000
PlacesText = Annotated[str, Form(max_length=MOST_CHARS)]


router = APIRouter(tags=["cameras"])


def shown(
    request: Request,
    pages: PagesPart,
    access: AlarmAccess,
    who: Person,
    gateway: str,
    camera: str,
    *,
    status: int = 200,
    **values: object,
) -> Response:
    alarms = newest_alarms(access, gateway, camera)
    usual: dict[str, object] = {"error": None, "effect": None, "patch": None, "days": 7}
    return pages.page(
        request,
        "editor.html",
        who,
        status=status,
        gateway=gateway,
        camera=camera,
        kinds=KINDS,
        spans=DAYS,
        most=MOST_ALARMS,
        last=newest_picture(access, who, alarms),
        **(usual | values),
    )


@guarded(router.get, "/cameras/{gateway}/{camera}/edit", PROPOSERS, response_class=HTMLResponse)
def edit(
    request: Request,
    gateway: PathName,
    camera: PathName,
    who: SignedIn,
    pages: PagesPart,
    access: AccessPart,
) -> Response:
    """The places as they are."""
    document = _document(access, who, gateway, camera)
    text = text_of(places_in(document, camera))
    return shown(request, pages, access, who, gateway, camera, text=text)


@guarded(router.post, "/cameras/{gateway}/{camera}/propose", PROPOSERS, response_class=HTMLResponse)
def propose(
    request: Request,
    gateway: PathName,
    camera: PathName,
    who: SignedIn,
    pages: PagesPart,
    access: AccessPart,
    audit: AuditPart,
    places: PlacesText = "",
    days: Annotated[int, Form(ge=1, le=30)] = 7,
    download: Annotated[bool, Form()] = False,
) -> Response:
    """What it would have changed, and the patch to be signed."""
    document = _document(access, who, gateway, camera)
    read = read_places(places)
    lists = {} if isinstance(read, ProposalFault) else changed_lists(document, camera, read)
    fault = read if isinstance(read, ProposalFault) else fault_in(document, camera, lists)
    if fault is not None:
        wrong = fault.reason
        return shown(
            request,
            pages,
            access,
            who,
            gateway,
            camera,
            status=422,
            text=places,
            error=wrong,
            days=days,
        )
    patch = yaml.safe_dump(
        camera_patch(document, camera, lists), sort_keys=False, default_flow_style=None
    )
    if download and lists:
        audit.add(
            who.name, client_address(request), "change_proposed", f"{gateway}/{camera}: {patch}"
        )
        name = f"{gateway}-{camera}.yaml"
        kept = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(patch, media_type="application/yaml", headers=kept)
    return shown(
        request,
        pages,
        access,
        who,
        gateway,
        camera,
        text=places,
        days=days,
        patch=patch if lists else None,
        error=None if lists else "nothing is changed",
        effect=_effect(access, document, gateway, camera, lists, days),
    )


def _document(access: AlarmAccess, who: Person, gateway: str, camera: str) -> object:
    """Raises `HTTPException` 404."""
    if not (is_name(gateway) and is_name(camera) and access.sites.sees(who, gateway)):
        raise HTTPException(404, "there is no such camera, or it is not for you")
    document = access.configurations.document(gateway)
    if document is None:
        raise HTTPException(
            404,
            f"the configuration of {gateway} is not known here: name a copy of its file in "
            "console.configurations",
        )
    return document


def _effect(
    access: AlarmAccess,
    document: object,
    gateway: str,
    camera: str,
    lists: ChangedLists,
    days: int,
) -> ReplayView:
    proposed = rule_places_of(document, camera, lists)
    stored = _stored(access, gateway, camera, days)
    replayed = replay(stored, rule_places_of(document, camera), proposed)
    now = access.clock.now()
    return replay_view(replayed, proposed, lambda key: access.links.link(key, now))


def _stored(access: AlarmAccess, gateway: str, camera: str, days: int) -> list[AlarmParts]:
    """Alarms of every outcome and samples, the newest first."""
    since = access.clock.now() - timedelta(days=days)
    alarms = newest_alarms(access, gateway, camera, MOST_ALARMS, since)
    return [access.index.parts(one.report_id) for one in alarms]
