"""The fleet's page: who watches, who is silent, what runs where, what was ordered, gaps.

SHELL. Called by `app`.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from cloud.console.guard import SignedIn, guarded
from cloud.console.parts import AccessPart, FleetPart, PagesPart
from cloud.console.roles import READERS, Person
from cloud.console.sites import Sites

MOST_GAPS = 200
_WORST_FIRST = {"silent": 0, "unwell": 1, "ok": 2}


router = APIRouter(tags=["fleet"])


@guarded(router.get, "/fleet", READERS, response_class=HTMLResponse)
def fleet(
    request: Request, who: SignedIn, pages: PagesPart, book: FleetPart, access: AccessPart
) -> Response:
    """All gateways in one table, the silent ones first."""
    sites = access.sites
    gateways = [one for one in book.summaries() if _seen(sites, who, one["gateway"])]
    gateways.sort(key=lambda one: (_WORST_FIRST[str(one["state"])], str(one["gateway"])))
    return pages.page(
        request,
        "fleet.html",
        who,
        gateways=gateways,
        site_of=sites.site_of,
        heard_at=book.heard_at,
        orders=[
            (kind, [one for one in book.updates(kind) if _seen(sites, who, one.gateway)])
            for kind in ("config", "model")
        ],
        gaps=[one for one in book.gaps() if _seen(sites, who, one.gateway)][:MOST_GAPS],
    )


@guarded(router.get, "/api/fleet", READERS)
def api_fleet(who: SignedIn, book: FleetPart, access: AccessPart) -> dict[str, object]:
    """The same for programs: a summary per gateway."""
    found = [one for one in book.summaries() if _seen(access.sites, who, one["gateway"])]
    return {"gateways": found}


def _seen(sites: Sites, who: Person, gateway: object) -> bool:
    return sites.sees(who, str(gateway))
