"""Verdicts, rules and notices for the tests of notifications."""

from __future__ import annotations

from datetime import timedelta

from cloud.notify.choice import NotifiedSite
from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.notice import Notice
from cloud.notify.planning import NotifyPolicy
from cloud.notify.settings import NotifyRule
from contract.ids import CameraId, report_id
from contract.report import ThreatReport
from contract.verdict import Decision, Verdict
from tests.unit.cloud.reports import CAMERA, GATEWAY, NOON, a_report
from tests.verdicts import verdict_on

FARM = NotifiedSite(id="farm", place="The farm", time_zone="Europe/Berlin")


class WithPictures(DestinationSettings):
    """A destination that takes pictures."""

    @property
    def with_pictures(self) -> bool:
        return True


def a_notice(track: int = 1, *, severity: int = 2, camera: str = CAMERA, **facts: object) -> Notice:
    """The first word on a confirmed person."""
    about = report_id(GATEWAY, CameraId(camera), 1, track, 0)
    notice = Notice(
        about=about,
        event=about,
        site=FARM.id,
        place=FARM.place,
        time_zone=FARM.time_zone,
        gateway=GATEWAY,
        camera=CameraId(camera),
        label="person",
        severity=severity,
        decision="confirmed",
        at=NOON,
        why=("median 0.50 over 0.35",),
        decided=("the full model sees a person, 0.81",),
        zones=("drive",),
    )
    return notice.model_copy(update=facts)


def a_verdict(
    decision: Decision = "confirmed", report: ThreatReport | None = None, **facts: object
) -> Verdict:
    """Of the cloud on a report, or the gateway's own word that none came."""
    one = report or a_report()
    verdict = verdict_on(one, decision, one.raised_at + timedelta(seconds=2))
    by = "edge" if decision == "unconfirmed" else "cloud"
    own = {"decided_by": by, "severity": one.severity, "test": one.test, "audit": one.audit}
    return verdict.model_copy(update=own | facts)


def a_policy(*rules: NotifyRule, **destinations: DestinationSettings) -> NotifyPolicy:
    """With these rules; without any, one that tells everybody everything."""
    everything = NotifyRule(
        to=tuple(destinations),
        about=("alarm", "tamper", "path", "test"),
    )
    return NotifyPolicy(rules=rules or (everything,), destinations=destinations)
