"""Deduplication: of similar suspicions that follow each other, what is new is reported.

PURE. Findings of one rule and kind of object that follow each other make an event, as in the review
items of Frigate. Within an event the first is reported, and then only what is new: another zone, a
higher severity, a clearly better or larger observation, a place far from all that was reported. The
rest are duplicates, which the next report counts. Such a report is made again only after windows
that double. What the cloud refuted has notified nobody: the window then is short, and doubles with
each refutation in a row. An event ends when nothing alike has been there for a while. New events
have a budget that fills up with time (a token bucket); when it is spent, the last event goes on
instead. Nothing is forgotten: every finding of a track is either reported or counted as a
duplicate, and a duplicate is reported when the window ends if the track is still there. Called by
`rule_engine` between the rules and the suspicions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from contract.ids import CameraId
from edge.config.deduplication import DeduplicationConfig
from edge.records import Duplicate, TrackId
from edge.rules.cooldown import RETRY_S, better
from edge.rules.evaluate import Finding
from edge.rules.reported_places import (
    ReportedPlaces,
    is_elsewhere,
    is_larger,
    with_finding,
    with_verdict,
)
from edge.track.track import Tracks
from service.backoff import doubled_s

_ALIKE = {"bus": "car", "truck": "car"}
"""Networks name one vehicle now this, now that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmEvent:
    """What was reported of one kind of object by one rule since the event began: where, in which
    zones, how grave and how sure. `tracks` are those of it that live, reported or not; `waiting`
    are the duplicates since the last report, of which there were `duplicates`. `last_track` is the
    track of the last report, and `refuted` how many verdicts in a row called the event's reports
    nothing; they are `answered` until something is reported again, and `sure` once a verdict was no
    refutation.
    `spent_until_s` is when the budget of new events will be full again."""

    rule: str
    kind: str
    places: ReportedPlaces = ()
    zones: frozenset[str] = frozenset()
    severity: int = 0
    score: float = 0.0
    tracks: frozenset[TrackId] = frozenset()
    waiting: frozenset[TrackId] = frozenset()
    duplicates: int = 0
    repeats: int = 0
    last_track: TrackId | None = None
    refuted: int = 0
    answered: bool = False
    sure: bool = False
    reported_at_s: float = float("-inf")
    active_at_s: float = float("-inf")
    spent_until_s: float = float("-inf")


AlarmEvents = tuple[AlarmEvent, ...]
"""The events of one camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeduplicationResult:
    """`passed` are to be reported, with a reason that counts the duplicates before; `duplicates`
    are not; `throttled` are the tracks of these and of earlier duplicates, which wait for the
    window."""

    events: AlarmEvents
    passed: tuple[Finding, ...]
    duplicates: tuple[Duplicate, ...] = ()
    throttled: frozenset[TrackId] = frozenset()


def step(
    events: AlarmEvents,
    findings: Iterable[Finding],
    camera: CameraId,
    alive: frozenset[TrackId],
    now: float,
    settings: DeduplicationConfig,
) -> DeduplicationResult:
    """What becomes of the findings of one frame at `now`, in which the tracks `alive` lived."""
    if not settings.enabled:
        return DeduplicationResult(events=(), passed=tuple(findings))
    by_kind = {(e.rule, e.kind): _later(e, alive, now) for e in events}
    passed, duplicates, throttled = [], [], set()
    for finding in sorted(findings, key=_weight):
        key = finding.rule.id, _ALIKE.get(finding.label, finding.label)
        event = by_kind.get(key) or AlarmEvent(rule=key[0], kind=key[1])
        if _is_new(event, finding, now, settings):
            passed.append(_counted(finding, event, now))
            by_kind[key] = _report(event, finding, now, settings)
            continue
        throttled.add(finding.track)
        if finding.track not in event.waiting:
            duplicates.append(_duplicate(finding, camera, now - event.reported_at_s))
        by_kind[key] = _with_duplicate(event, finding, now)
    return DeduplicationResult(
        events=tuple(by_kind[key] for key in sorted(by_kind)),
        passed=tuple(passed),
        duplicates=tuple(duplicates),
        throttled=frozenset(throttled),
    )


def after_verdict(events: AlarmEvents, track: TrackId, *, refuted: bool) -> AlarmEvents:
    """The events after the cloud has decided about a track that was reported."""
    return tuple(_after_verdict(event, track, refuted=refuted) for event in events)


def _after_verdict(event: AlarmEvent, track: TrackId, *, refuted: bool) -> AlarmEvent:
    event = replace(event, places=with_verdict(event.places, track, refuted=refuted))
    if event.last_track != track:
        return event
    if refuted:
        return replace(event, refuted=event.refuted + 1, answered=True)
    return replace(event, refuted=0, answered=True, sure=True)


def without_reports(before: Tracks, after: Tracks, throttled: frozenset[TrackId]) -> Tracks:
    """`after` the rules spoke, but as `before` for the tracks `throttled`, which were not
    reported."""
    known = {track.id: track for track in before.alive}
    return replace(
        after,
        alive=tuple(
            replace(t, raised=known[t.id].raised, cooldowns=known[t.id].cooldowns)
            if t.id in throttled
            else t
            for t in after.alive
        ),
    )


def _weight(finding: Finding) -> tuple[float, float, int]:
    """The gravest and surest first; the order in which they came plays no part."""
    return -finding.severity, -finding.top_score, finding.track


def _later(event: AlarmEvent, alive: frozenset[TrackId], now: float) -> AlarmEvent:
    """The event as it stands before the findings of `now`: a track that lives keeps it active."""
    here = event.tracks & alive
    return replace(
        event,
        tracks=here,
        waiting=event.waiting & here,
        active_at_s=now if here else event.active_at_s,
    )


def _is_new(event: AlarmEvent, finding: Finding, now: float, settings: DeduplicationConfig) -> bool:
    return (
        _begins(event, now, settings)
        or _window_over(event, now, settings)
        or not event.zones.issuperset(finding.zones)
        or finding.severity > event.severity
        or better(finding.top_score, event.score)
        or (not event.sure and is_larger(finding, event.places))
        or (
            finding.track not in event.tracks and is_elsewhere(finding, event.places, now, settings)
        )
    )


def _begins(event: AlarmEvent, now: float, settings: DeduplicationConfig) -> bool:
    """Has the event before ended, and is there budget for another?"""
    ended = now - event.active_at_s > settings.quiet_s
    return ended and _affords(event.spent_until_s, now, settings)


def _affords(spent_until_s: float, now: float, settings: DeduplicationConfig) -> bool:
    """The bucket holds at least one of its `budget` tokens, of which one is given every
    `refill_s`."""
    return spent_until_s - now <= (settings.budget - 1) * settings.refill_s


def _window_over(event: AlarmEvent, now: float, settings: DeduplicationConfig) -> bool:
    window_s = doubled_s(settings.window_s, event.repeats, settings.longest_s)
    if event.answered and event.refuted:
        window_s = doubled_s(RETRY_S, event.refuted - 1, window_s)
    return now - event.reported_at_s >= window_s


def _report(
    event: AlarmEvent, finding: Finding, now: float, settings: DeduplicationConfig
) -> AlarmEvent:
    """The event after the finding was reported; an event that begins knows only the places of those
    before, and its windows are short again unless the budget is spent."""
    places = with_finding(event.places, finding, now, settings)
    if _begins(event, now, settings):
        spent_until_s = max(now, event.spent_until_s) + settings.refill_s
        spare = _affords(spent_until_s, now, settings)
        event = AlarmEvent(
            rule=event.rule,
            kind=event.kind,
            repeats=0 if spare else event.repeats,
            spent_until_s=spent_until_s,
        )
    elif _window_over(event, now, settings) and not event.refuted:
        event = replace(event, repeats=event.repeats + 1)
    return replace(
        event,
        places=places,
        zones=event.zones | set(finding.zones),
        severity=max(event.severity, finding.severity),
        score=max(event.score, finding.top_score),
        tracks=event.tracks | {finding.track},
        waiting=frozenset(),
        duplicates=0,
        last_track=finding.track,
        answered=False,
        reported_at_s=now,
        active_at_s=now,
    )


def _with_duplicate(event: AlarmEvent, finding: Finding, now: float) -> AlarmEvent:
    new = finding.track not in event.waiting
    return replace(
        event,
        tracks=event.tracks | {finding.track},
        waiting=event.waiting | {finding.track},
        duplicates=event.duplicates + new,
        active_at_s=now,
    )


def _duplicate(finding: Finding, camera: CameraId, since_s: float) -> Duplicate:
    return Duplicate(
        camera=camera,
        track=finding.track,
        rule=finding.rule.id,
        label=finding.label,
        box=finding.box,
        since_s=since_s,
    )


def _counted(finding: Finding, event: AlarmEvent, now: float) -> Finding:
    """The finding with the word how many came since the last report."""
    if not event.duplicates:
        return finding
    noun = "duplicate" if event.duplicates == 1 else "duplicates"
    words = f"{event.duplicates} {noun} in {now - event.reported_at_s:.0f} s"
    return replace(finding, reasons=(*finding.reasons, words))
