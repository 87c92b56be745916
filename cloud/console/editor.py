"""The editor of zones and masks: it proposes, shows what would have changed, and applies nothing.

SHELL. What comes out is a patch that whoever holds the keys signs and orders with
`stillwatch-cloud config`; the console has no such key. Called by `app`.
"""

from __future__ import annotations

from typing import Annotated

import yaml
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from cloud.console.alarm_access import AlarmAccess
from cloud.console.camera import PathName, newest_alarms, newest_picture
from cloud.console.guard import SignedIn, client_address, guarded
from cloud.console.parts import AccessPart, AuditPart, PagesPart
from cloud.console.proposal import (
    KINDS,
    ProposalFault,
    effect_of,
    patch_of,
    places_in,
    read_places,
    text_of,
)
from cloud.console.roles import PROPOSERS, Person
from contract.ids import is_name
from contract.report import ThreatReport

REPLAYED = 200
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
    usual: dict[str, object] = {"error": None, "effect": None, "patch": None}
    return pages.page(
        request,
        "editor.html",
        who,
        status=status,
        gateway=gateway,
        camera=camera,
        kinds=KINDS,
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
    download: Annotated[bool, Form()] = False,
) -> Response:
    """What it would have changed, and the patch to be signed."""
    document = _document(access, who, gateway, camera)
    read = read_places(places)
    if isinstance(read, ProposalFault):
        wrong = read.reason
        return shown(
            request, pages, access, who, gateway, camera, status=422, text=places, error=wrong
        )
    changed = patch_of(document, camera, read)
    patch = yaml.safe_dump(changed, sort_keys=False, default_flow_style=None)
    if download and changed:
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
        patch=patch if changed else None,
        error=None if changed else "nothing is changed",
        effect=effect_of(document, camera, read, _reports(access, gateway, camera)),
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


def _reports(access: AlarmAccess, gateway: str, camera: str) -> list[ThreatReport]:
    alarms = newest_alarms(access, gateway, camera, REPLAYED)
    found = [access.index.parts(one.report_id).report for one in alarms if not one.audit]
    return [one for one in found if one is not None]
