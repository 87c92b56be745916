"""An alarm by its id, for who may see it.

SHELL (index). What somebody may not see is not there for him. Called by `wall` and `work`.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import HTTPException

from cloud.console.alarm_view import PictureView, best_of, pictures_of, votes_of
from cloud.console.configurations import Configurations
from cloud.console.evidence_links import EvidenceLinks
from cloud.console.roles import Person
from cloud.console.sites import Sites
from cloud.index.alarm_index import AlarmIndex
from cloud.index.summary import AlarmParts, AlarmSummary
from contract.ids import ReportId, is_report_id
from service.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPageFacts:
    """What the page of one alarm is made of."""

    alarm: AlarmSummary
    parts: AlarmParts
    site: str
    pictures: tuple[PictureView, ...]
    best: int
    votes: tuple[tuple[str, float, str], ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmAccess:
    """Over the index, with the sites of whoever asks."""

    index: AlarmIndex
    sites: Sites
    links: EvidenceLinks
    configurations: Configurations
    clock: Clock

    def find(self, person: Person, report_id: str) -> AlarmSummary:
        """Raises `HTTPException` 404."""
        if is_report_id(report_id):
            alarm = self.index.find(ReportId(report_id))
            if alarm is not None and self.sites.sees(person, alarm.gateway):
                return alarm
        raise HTTPException(404, "there is no such alarm, or it is not for you")

    def facts(self, person: Person, report_id: str) -> AlarmPageFacts:
        """All of one. Raises `HTTPException` 404."""
        alarm = self.find(person, report_id)
        parts = self.index.parts(alarm.report_id)
        now = self.clock.now()
        zones = self.configurations.places(alarm.gateway, alarm.camera).polygons
        pictures = pictures_of(parts, zones, lambda key: self.links.link(key, now))
        return AlarmPageFacts(
            alarm=alarm,
            parts=parts,
            site=self.sites.site_of(alarm.gateway),
            pictures=pictures,
            best=best_of(pictures),
            votes=votes_of(alarm.votes),
            steps=self.sites.steps_at(alarm.gateway),
        )
