"""Not everything at once: what is told together with others, and when.

PURE. A rule may gather; in quiet hours what is not severe waits for their end; and of a storm only
the first few are told one by one. A first word that is gathered becomes a line of a digest. Nothing
of this is for machines and alarm centres. Called by `gathering_rows`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cloud.notify.destination_settings import DestinationSettings, PeopleSettings, QuietSettings
from cloud.notify.notice import MAX_DIGEST_LINES, Notice
from cloud.notify.texts import line
from service.weekly_hours import within

_STEP = timedelta(minutes=1)
_LONGEST = timedelta(days=7)


def gathered_until(
    notice: Notice, settings: DestinationSettings, gather_s: float, now: datetime, recent: int
) -> datetime | None:
    """Until when it is gathered; None: it is told at once. `recent`: first words that the
    destination had within the span of its storm."""
    if notice.stage != "first":
        return None
    if gather_s > 0:
        return now + timedelta(seconds=gather_s)
    if not isinstance(settings, PeopleSettings) or notice.on_test:  # who tests waits for it
        return None
    if is_quiet(settings.quiet, notice, now):
        return _end(settings.quiet, notice, now)
    if recent >= settings.storm.alarms:
        return now + timedelta(seconds=settings.storm.digest_s)
    return None


def is_quiet(quiet: QuietSettings, notice: Notice, now: datetime) -> bool:
    """Whether it is not severe enough for this hour."""
    if notice.severity >= quiet.below_severity:
        return False
    return bool(quiet.hours) and within(quiet.hours, notice.time_zone, now)


def _end(quiet: QuietSettings, notice: Notice, now: datetime) -> datetime:
    """The first minute that is not quiet; hours without an end are one of a week."""
    moment = now.replace(second=0, microsecond=0) + _STEP
    while within(quiet.hours, notice.time_zone, moment) and moment - now < _LONGEST:
        moment += _STEP
    return moment


def a_digest(about: str, first: Notice) -> Notice:
    """A digest that begins with one notice."""
    return first.model_copy(
        update={
            "about": about,
            "event": about,
            "stage": "digest",
            "kind": "alarm",
            "camera": None,
            "decision": None,
            "evidence_key": None,
            "revision": 0,
            "why": (),
            "decided": (),
            "zones": (),
            "lines": (line(first),),
            "count": 1,
        }
    )


def with_one_more(digest: Notice, notice: Notice) -> Notice:
    """The digest with another line, as long as there is room; places that differ are said so."""
    lines = digest.lines
    if len(lines) < MAX_DIGEST_LINES:
        lines = (*lines, line(notice))
    place = digest.place if digest.site == notice.site else "several sites"
    return digest.model_copy(
        update={
            "lines": lines,
            "count": digest.count + 1,
            "severity": max(digest.severity, notice.severity),
            "place": place,
        }
    )
