"""The editor of zones and masks: it proposes, shows what would have changed, and applies nothing.

SHELL. What comes out is a patch that whoever holds the keys signs and orders with
`stillwatch-cloud config`; the console has no such key. Called by `app`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import yaml
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from cloud.console.alarm_access import AlarmAccess
from cloud.console.camera import PathName, newest_alarms, newest_picture
from cloud.console.camera_section import camera_patch
from cloud.console.guard import SignedIn, client_address, guarded
from cloud.console.pages import Pages
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
from contract.ids import is_name

MOST_ALARMS = 300
"""The newest of the chosen days that are looked at: some 2 ms each."""
DAYS = {1: "the last day", 7: "the last 7 days", 30: "the last 30 days"}
MOST_CHARS = 20_000
PlacesText = Annotated[str, Form(max_length=MOST_CHARS)]


router = APIRouter(tags=["cameras"])


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraEditor:
    """The page of one camera, for whoever asks; `document` is its gateway's configuration."""

    request: Request
    pages: Pages
    access: AlarmAccess
    who: Person
    gateway: str
    camera: str
    document: object

    def shown(self, *, status: int = 200, **values: object) -> Response:
        alarms = newest_alarms(self.access, self.gateway, self.camera)
        usual: dict[str, object] = {"error": None, "effect": None, "patch": None, "days": 7}
        return self.pages.page(
            self.request,
            "editor.html",
            self.who,
            status=status,
            gateway=self.gateway,
            camera=self.camera,
            kinds=KINDS,
            spans=DAYS,
            most=MOST_ALARMS,
            last=newest_picture(self.access, self.who, alarms),
            **(usual | values),
        )

    def replayed(self, lists: ChangedLists, days: int) -> ReplayView:
        """The proposal over what is stored, alarms of every outcome and samples."""
        now = self.access.clock.now()
        since = now - timedelta(days=days)
        alarms = newest_alarms(self.access, self.gateway, self.camera, MOST_ALARMS, since)
        stored = [self.access.index.parts(one.report_id) for one in alarms]
        proposed = rule_places_of(self.document, self.camera, lists)
        found = replay(stored, rule_places_of(self.document, self.camera), proposed)
        return replay_view(found, proposed, lambda key: self.access.links.link(key, now))


def editor_of(
    request: Request,
    gateway: PathName,
    camera: PathName,
    who: SignedIn,
    pages: PagesPart,
    access: AccessPart,
) -> CameraEditor:
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
    return CameraEditor(
        request=request,
        pages=pages,
        access=access,
        who=who,
        gateway=gateway,
        camera=camera,
        document=document,
    )


EditorPart = Annotated[CameraEditor, Depends(editor_of)]


@guarded(router.get, "/cameras/{gateway}/{camera}/edit", PROPOSERS, response_class=HTMLResponse)
def edit(editor: EditorPart) -> Response:
    """The places as they are."""
    return editor.shown(text=text_of(places_in(editor.document, editor.camera)))


@guarded(router.post, "/cameras/{gateway}/{camera}/propose", PROPOSERS, response_class=HTMLResponse)
def propose(
    editor: EditorPart,
    audit: AuditPart,
    places: PlacesText = "",
    days: Annotated[int, Form(ge=1, le=30)] = 7,
    download: Annotated[bool, Form()] = False,
) -> Response:
    """What it would have changed, and the patch to be signed."""
    document, camera = editor.document, editor.camera
    read = read_places(places)
    lists = {} if isinstance(read, ProposalFault) else changed_lists(document, camera, read)
    fault = read if isinstance(read, ProposalFault) else fault_in(document, camera, lists)
    if fault is not None:
        return editor.shown(status=422, text=places, error=fault.reason, days=days)
    if not lists:
        return editor.shown(text=places, error="nothing is changed", days=days)
    patch = yaml.safe_dump(
        camera_patch(document, camera, lists), sort_keys=False, default_flow_style=None
    )
    if not download:
        effect = editor.replayed(lists, days)
        return editor.shown(text=places, days=days, patch=patch, effect=effect)
    name = f"{editor.gateway}-{camera}.yaml"
    said = f"{editor.gateway}/{camera}: {patch}"
    audit.add(editor.who.name, client_address(editor.request), "change_proposed", said)
    kept = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(patch, media_type="application/yaml", headers=kept)
