"""The page of quality: what was kept from people, and what threats with it, per site.

SHELL (index). Figures are `cloud.quality`'s; here they are asked for one's own sites and for a span
of days. Called by `app`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Annotated

import yaml
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from cloud.console.configurations import Configurations
from cloud.console.guard import SignedIn, guarded
from cloud.console.parts import AccessPart, FleetPart, PagesPart
from cloud.console.roles import READERS
from cloud.console.thresholds import lowest_threshold, threshold_patch
from cloud.index.queries import AlarmFilter
from cloud.quality.cases import QualityCase
from cloud.quality.figures import (
    CameraOfGateway,
    camera_of,
    idle,
    noisiest,
    quality_by,
    quality_of,
    threats_by_hour,
    threshold_effects,
)
from cloud.quality.proposals import ThresholdProposal, propose
from contract.ids import CameraId
from contract.missed_threat import MissedThreat

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
MOST_DAYS = 366
LastDays = Annotated[int, Query(ge=1, le=MOST_DAYS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalToSign:
    """A proposal, and its patch as YAML; None where the gateway's file is not known or has no
    rules."""

    proposal: ThresholdProposal
    patch: str | None


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
    missed = access.index.missed.find(access.sites.gateways_for(who), since=since)
    at_sites = Counter(access.sites.site_of(one.gateway) for one in missed)
    sites = quality_by(cases, lambda one: access.sites.site_of(one.gateway), at_sites)
    labels = quality_by(cases, lambda one: one.label, Counter(one.label for one in missed))
    return pages.page(
        request,
        "quality.html",
        who,
        days=days,
        missed=len(missed),
        whole=quality_of(cases, len(missed)),
        by_site=sorted(sites.items()),
        by_label=sorted(labels.items()),
        hours=threats_by_hour(cases, UTC),
        noisiest=noisiest(cases),
        idle=idle(known, cases),
        proposals=_proposals(access.configurations, cases, missed),
        effects=threshold_effects(cases, THRESHOLDS),
        site_of=access.sites.site_of,
    )


def _proposals(
    configurations: Configurations, cases: Iterable[QualityCase], missed: Iterable[MissedThreat]
) -> tuple[ProposalToSign, ...]:
    """By camera."""
    reported = Counter((one.gateway, one.camera) for one in missed)
    grouped: defaultdict[CameraOfGateway, list[QualityCase]] = defaultdict(list)
    for one in cases:
        grouped[camera_of(one)].append(one)
    found: list[ProposalToSign] = []
    for camera in sorted({*grouped, *reported}):
        document = configurations.document(camera[0])
        current = lowest_threshold(document, camera[1])
        proposal = propose(camera, grouped.get(camera, ()), current, reported[camera])
        if proposal is not None:
            patch = threshold_patch(document, proposal)
            text = yaml.safe_dump(patch, sort_keys=False, default_flow_style=None)
            found.append(ProposalToSign(proposal=proposal, patch=text if patch else None))
    return tuple(found)
