"""The wall of current alarms: newest and most severe first, live, filtered.

SHELL. The page, its list alone (which script renews when something changed), an alarm's page and
its panel, and the stream of what changed. Called by `app`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from cloud.console.alarm_access import AlarmAccess
from cloud.console.evidence_links import EvidenceLinks, is_own
from cloud.console.guard import SignedIn, guarded
from cloud.console.parts import (
    AccessPart,
    ClockPart,
    FormsPart,
    LinksPart,
    LivePart,
    PagesPart,
    SessionsPart,
)
from cloud.console.roles import READERS, Person
from cloud.console.wall_filter import (
    SEVERITIES,
    STATES,
    WallQuery,
    alarm_filter,
    read_after,
    read_query,
)
from cloud.index.alarm_index import AlarmCounts, AlarmPage
from cloud.index.summary import AlarmSummary
from cloud.index.work import WORK
from contract.labels import ANIMALS, VEHICLES

PAGE = 50
ReportPath = Annotated[str, Path(max_length=200)]
LABELS = ("person", *sorted(VEHICLES), *sorted(ANIMALS))


@dataclass(frozen=True, slots=True, kw_only=True)
class WallFacts:
    """A page of alarms and how many there are of which kind."""

    query: WallQuery
    page: AlarmPage
    counts: AlarmCounts


def _asked(request: Request, access: AlarmAccess, person: Person) -> WallFacts:
    query = read_query(request.query_params)
    gateways = access.sites.gateways_for(person, query.site or None)
    wanted = alarm_filter(query, gateways, person.name, access.clock.now())
    after = read_after(request.query_params.get("after", "")[:300])
    page = access.index.page(wanted, query.order, after, PAGE)
    return WallFacts(query=query, page=page, counts=access.index.counts(wanted))


router = APIRouter(tags=["alarms"])


def shown(
    template: str,
    request: Request,
    who: Person,
    pages: PagesPart,
    access: AlarmAccess,
    links: LinksPart,
) -> HTMLResponse:
    facts = _asked(request, access, who)
    now = access.clock.now()
    return pages.page(
        request,
        template,
        who,
        facts=facts,
        site_of=access.sites.site_of,
        link=lambda alarm: _link(alarm, links, now),
        now=now,
        sites=access.sites.named(access.index.gateways(), who),
        labels=LABELS,
        severities=SEVERITIES,
        states=STATES,
        works=WORK,
    )


def _link(alarm: AlarmSummary, links: EvidenceLinks, now: datetime) -> str | None:
    key = alarm.picture_key
    return links.link(key, now) if key is not None and is_own(key, alarm.gateway) else None


@guarded(router.get, "/", READERS, response_class=HTMLResponse)
def wall(
    request: Request, who: SignedIn, pages: PagesPart, access: AccessPart, links: LinksPart
) -> Response:
    """The wall, by the filters in its address."""
    return shown("wall.html", request, who, pages, access, links)


@guarded(router.get, "/alarms", READERS, response_class=HTMLResponse)
def alarm_list(
    request: Request, who: SignedIn, pages: PagesPart, access: AccessPart, links: LinksPart
) -> Response:
    """The list alone."""
    return shown("alarm_list.html", request, who, pages, access, links)


@guarded(router.get, "/alarms/{report_id}", READERS, response_class=HTMLResponse)
def alarm(
    request: Request, report_id: ReportPath, who: SignedIn, pages: PagesPart, access: AccessPart
) -> Response:
    """One alarm on a page of its own."""
    facts = access.facts(who, report_id)
    return pages.page(request, "alarm.html", who, facts=facts, error=None)


@guarded(router.get, "/alarms/{report_id}/panel", READERS, response_class=HTMLResponse)
def panel(
    request: Request, report_id: ReportPath, who: SignedIn, pages: PagesPart, access: AccessPart
) -> Response:
    """The same beside the list."""
    facts = access.facts(who, report_id)
    return pages.page(request, "alarm_panel.html", who, facts=facts, error=None)


@guarded(router.get, "/live", READERS, response_class=StreamingResponse)
async def live(
    request: Request,
    who: SignedIn,
    feed: LivePart,
    access: AccessPart,
    sessions: SessionsPart,
    forms: FormsPart,
) -> Response:
    """Server-sent events: `changed` with the ids of alarms that are new or changed."""
    if feed.is_full(who.account):
        raise HTTPException(503, "too many pages watch already")
    token = forms.session_of(request) or ""

    def sight() -> Callable[[str], bool] | None:
        found = sessions.find(token)
        return None if found is None else partial(access.sites.sees, found.person)

    events: AsyncIterator[str] = feed.watch(who.account, sight)
    return StreamingResponse(events, media_type="text/event-stream")


@guarded(router.get, "/api/alarms", READERS)
def api_alarms(
    request: Request, who: SignedIn, access: AccessPart, clock: ClockPart
) -> dict[str, object]:
    """The list for programs: the same filters, the same order; `next` continues it."""
    facts = _asked(request, access, who)
    end = facts.page.end
    return {
        "at": clock.now(),
        "alarms": facts.page.alarms,
        "next": None if end is None else f"/api/alarms?{facts.query.address(end)}",
    }
