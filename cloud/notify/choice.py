"""Who is told: the rules of an operator, for one notice at one moment.

PURE. Every rule that fits adds its destinations; one that tells at once beats one that gathers.
Called by `planning`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cloud.notify.notice import Notice
from cloud.notify.settings import NotifyRule, NotifySite
from contract.labels import group_of
from contract.report import NO_PROFILE
from service.weekly_hours import within


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifiedSite:
    """The site of a gateway: its id, what people call it, and its time zone."""

    id: str
    place: str
    time_zone: str


def site_of(gateway: str, groups: Iterable[str], sites: Mapping[str, NotifySite]) -> NotifiedSite:
    """The first site that names the gateway, else one of its groups, else one of its own."""
    named = [(key, site) for key, site in sites.items() if gateway in site.gateways]
    of_groups = set(groups)
    named += [(key, site) for key, site in sites.items() if of_groups & set(site.groups)]
    for key, site in named:
        return NotifiedSite(id=key, place=site.name or key, time_zone=site.time_zone)
    return NotifiedSite(id=gateway, place=gateway, time_zone="UTC")


def chosen(rules: Sequence[NotifyRule], notice: Notice, now: datetime) -> dict[str, float]:
    """Destinations, with the seconds for which each gathers what it is told; 0: at once."""
    found: dict[str, float] = {}
    for rule in rules:
        if fits(rule, notice, now):
            for name in rule.to:
                found[name] = min(found.get(name, rule.digest_s), rule.digest_s)
    return found


def fits(rule: NotifyRule, notice: Notice, now: datetime) -> bool:
    """Whether the rule is about it; what is no alarm has no class, profile or decision."""
    return (
        notice.kind in rule.about
        and _one_of(notice.site, rule.sites)
        and _one_of(notice.gateway, rule.gateways)
        and _one_of(notice.camera, rule.cameras)
        and (notice.kind != "alarm" or _fits_alarm(rule, notice))
        and (not rule.hours or within(rule.hours, notice.time_zone, now))
    )


def _fits_alarm(rule: NotifyRule, notice: Notice) -> bool:
    return (
        notice.severity >= rule.min_severity
        and _one_of(notice.profile or NO_PROFILE, rule.profiles)
        and notice.decision in rule.decisions
        and (
            not rule.labels or notice.label in rule.labels or group_of(notice.label) in rule.labels
        )
    )


def _one_of(value: str | None, listed: Sequence[str]) -> bool:
    return not listed or value in listed
