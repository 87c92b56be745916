"""The page of quality: what was kept from people, and what threats with it, per site.

SHELL (index). Figures are `cloud.quality`'s; here they are asked for one's own sites and for a span
of days. Called by `app`.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from cloud.console.guard import SignedIn, guarded
from cloud.console.parts import AccessPart, FleetPart, PagesPart
from cloud.console.roles import READERS
from cloud.index.queries import AlarmFilter
from cloud.quality.figures import (
    CameraOfGateway,
    idle,
    noisiest,
    quality_by,
    quality_of,
    threats_by_hour,
    threshold_effects,
)
from contract.ids import CameraId

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
MOST_DAYS = 366
LastDays = Annotated[int, Query(ge=1, le=MOST_DAYS)]


router = APIRouter(tags=["quality"])


@guarded(router.get, "/quality", READERS, response_class=HTMLResponse)
def quality(
    request: Request,
    who: SignedIn,
    pages: PagesPart,
    access: AccessPart,
    book: FleetPart,
    days: LastDays = 30,
) -> Response:
    """All figures of the last `days`."""
    since = access.clock.now() - timedelta(days=days)
    wanted = AlarmFilter(gateways=access.sites.gateways_for(who), since=since, audits=True)
    cases = access.index.cases(wanted)
    known: set[CameraOfGateway] = {
        (gateway, CameraId(camera))
        for gateway, camera in book.cameras()
        if access.sites.sees(who, gateway)
    }
    sites = quality_by(cases, lambda one: access.sites.site_of(one.gateway))
    return pages.page(
        request,
        "quality.html",
        who,
        days=days,
        whole=quality_of(cases),
        by_site=sorted(sites.items()),
        by_label=sorted(quality_by(cases, lambda one: one.label).items()),
        hours=threats_by_hour(cases, UTC),
        noisiest=noisiest(cases),
        idle=idle(known, cases),
        effects=threshold_effects(cases, THRESHOLDS),
        site_of=access.sites.site_of,
    )
