"""A camera that fires without end: what is alike is merged, what is new gets through.

PURE. Findings of one rule and kind of thing that follow each other make an event, as in the review
items of Frigate. Within an event the first is told, and then only what is news: another zone, a
higher severity, a clearly better or larger sight, a place far from all told; everything else is
merged, which the next report says, and told again only after windows that double. What the cloud
refuted was told to nobody: the window then is short, and doubles with each refutation in a row. An
event ends when nothing alike has been there for a while. New events have a budget that fills up
with time (a token bucket); when it is spent, the last event goes on instead. Nothing is forgotten:
every finding of a track is either told or counted as merged, and one that was merged is told when
the window ends if the track is still there. Called by `pipeline` between the rules and the cases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from contract.ids import CameraId
from edge.config.deduplication import Deduplication
from edge.records import Merged, TrackId
from edge.rules.cooldown import RETRY_S, better, larger
from edge.rules.evaluate import Finding
from edge.track.track import Tracks
from edge.track.zones import foot

_PLACES = 8
"""Places that may be told of apart in one `longest_s`; more of them are everywhere."""

_ALIKE = {"bus": "car", "truck": "car"}
"""Networks name one vehicle now this, now that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Feet and height (pixels) of a thing that was told of, and when."""

    foot: tuple[float, float]
    height: float
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What was told of one kind of thing by one rule since the event began: where, in which zones,
    how grave and how sure. `tracks` are those of it that live, told or merged; `waiting` those that
    were merged since the last report, of which there were `merged`. `about` is the track of the
    last report, and `refuted` how many answers in a row called the event's reports nothing; they
    are `answered` until something is told again, and `sure` once an answer was no refutation.
    `spent_until_s` is when the budget of new events will be full again."""

    rule: str
    kind: str
    places: tuple[Place, ...] = ()
    zones: frozenset[str] = frozenset()
    severity: int = 0
    score: float = 0.0
    tracks: frozenset[TrackId] = frozenset()
    waiting: frozenset[TrackId] = frozenset()
    merged: int = 0
    repeats: int = 0
    about: TrackId | None = None
    refuted: int = 0
    answered: bool = False
    sure: bool = False
    told_at_s: float = float("-inf")
    active_at_s: float = float("-inf")
    spent_until_s: float = float("-inf")


Storms = tuple[Event, ...]
"""The events of one camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damped:
    """`passed` are to be told, with a reason that counts what was merged before; `merged` are not;
    `held` are the tracks of those and of the ones merged earlier, which wait for the window."""

    storms: Storms
    passed: tuple[Finding, ...]
    merged: tuple[Merged, ...] = ()
    held: frozenset[TrackId] = frozenset()


def step(
    storms: Storms,
    findings: Iterable[Finding],
    camera: CameraId,
    alive: frozenset[TrackId],
    now: float,
    settings: Deduplication,
) -> Damped:
    """What becomes of the findings of one frame at `now`, in which the tracks `alive` lived."""
    if not settings.enabled:
        return Damped(storms=(), passed=tuple(findings))
    events = {(e.rule, e.kind): _later(e, alive, now) for e in storms}
    passed, merged, held = [], [], set()
    for finding in sorted(findings, key=_weight):
        key = finding.rule.id, _ALIKE.get(finding.label, finding.label)
        event = events.get(key) or Event(rule=key[0], kind=key[1])
        if _is_news(event, finding, now, settings):
            passed.append(_counted(finding, event, now))
            events[key] = _tell(event, finding, now, settings)
            continue
        held.add(finding.track)
        if finding.track not in event.waiting:
            merged.append(_record(finding, camera, now - event.told_at_s))
        events[key] = _merge(event, finding, now)
    return Damped(
        storms=tuple(events[key] for key in sorted(events)),
        passed=tuple(passed),
        merged=tuple(merged),
        held=frozenset(held),
    )


def heard(storms: Storms, track: TrackId, *, refuted: bool) -> Storms:
    """The events after the cloud has answered about a track that was told of."""
    return tuple(
        _heard(event, refuted=refuted) if event.about == track else event for event in storms
    )


def _heard(event: Event, *, refuted: bool) -> Event:
    if refuted:
        return replace(event, refuted=event.refuted + 1, answered=True)
    return replace(event, refuted=0, answered=True, sure=True)


def unsaid(before: Tracks, after: Tracks, held: frozenset[TrackId]) -> Tracks:
    """`after` the rules spoke, but as `before` for the tracks `held`: of them nothing was told."""
    known = {track.id: track for track in before.alive}
    return replace(
        after,
        alive=tuple(
            replace(t, raised=known[t.id].raised, told=known[t.id].told) if t.id in held else t
            for t in after.alive
        ),
    )


def _weight(finding: Finding) -> tuple[float, float, int]:
    """The gravest and surest first; the order in which they came plays no part."""
    return -finding.severity, -finding.top_score, finding.track


def _later(event: Event, alive: frozenset[TrackId], now: float) -> Event:
    """The event as it stands before the findings of `now`: a track that lives keeps it active."""
    here = event.tracks & alive
    return replace(
        event,
        tracks=here,
        waiting=event.waiting & here,
        active_at_s=now if here else event.active_at_s,
    )


def _is_news(event: Event, finding: Finding, now: float, settings: Deduplication) -> bool:
    return (
        _begins(event, now, settings)
        or _window_over(event, now, settings)
        or not event.zones.issuperset(finding.zones)
        or finding.severity > event.severity
        or better(finding.top_score, event.score)
        or (not event.sure and _larger(finding, event))
        or (finding.track not in event.tracks and _elsewhere(event, finding, now, settings))
    )


def _begins(event: Event, now: float, settings: Deduplication) -> bool:
    """Has the event before ended, and is there budget for another?"""
    ended = now - event.active_at_s > settings.quiet_s
    return ended and _affords(event.spent_until_s, now, settings)


def _affords(spent_until_s: float, now: float, settings: Deduplication) -> bool:
    """The bucket holds at least one of its `budget` tokens, of which one is given every
    `refill_s`."""
    return spent_until_s - now <= (settings.budget - 1) * settings.refill_s


def _larger(finding: Finding, event: Event) -> bool:
    """Is the thing clearly larger than all that the event told of?"""
    told = max((place.height for place in event.places), default=math.inf)
    return larger(_height(finding), told)


def _window_over(event: Event, now: float, settings: Deduplication) -> bool:
    window_s = min(settings.window_s * 2.0 ** min(event.repeats, 32), settings.longest_s)
    if event.answered and event.refuted:
        window_s = min(window_s, RETRY_S * 2.0 ** min(event.refuted - 1, 32))
    return now - event.told_at_s >= window_s


def _elsewhere(event: Event, finding: Finding, now: float, settings: Deduplication) -> bool:
    """Is the thing far from everything that was told of lately?"""
    lately = _lately(event, now, settings)
    place = _place(finding, now)
    return len(lately) < _PLACES and all(
        math.dist(place.foot, known.foot) > settings.near * min(place.height, known.height)
        for known in lately
    )


def _lately(event: Event, now: float, settings: Deduplication) -> tuple[Place, ...]:
    return tuple(place for place in event.places if now - place.at_s < settings.longest_s)


def _place(finding: Finding, now: float) -> Place:
    return Place(foot=foot(finding.box), height=_height(finding), at_s=now)


def _height(finding: Finding) -> float:
    return finding.box[3] - finding.box[1]


def _tell(event: Event, finding: Finding, now: float, settings: Deduplication) -> Event:
    """The event after the finding was told of; an event that begins knows only the places of those
    before, and its windows are short again unless the budget is spent."""
    places = (*_lately(event, now, settings), _place(finding, now))[-_PLACES:]
    if _begins(event, now, settings):
        spent_until_s = max(now, event.spent_until_s) + settings.refill_s
        spare = _affords(spent_until_s, now, settings)
        event = Event(
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
        merged=0,
        about=finding.track,
        answered=False,
        told_at_s=now,
        active_at_s=now,
    )


def _merge(event: Event, finding: Finding, now: float) -> Event:
    new = finding.track not in event.waiting
    return replace(
        event,
        tracks=event.tracks | {finding.track},
        waiting=event.waiting | {finding.track},
        merged=event.merged + new,
        active_at_s=now,
    )


def _record(finding: Finding, camera: CameraId, since_s: float) -> Merged:
    return Merged(
        camera=camera,
        track=finding.track,
        rule=finding.rule.id,
        label=finding.label,
        box=finding.box,
        since_s=since_s,
    )


def _counted(finding: Finding, event: Event, now: float) -> Finding:
    """The finding with the word how many came since the last report."""
    if not event.merged:
        return finding
    others = "other" if event.merged == 1 else "others"
    words = f"merged with {event.merged} {others} in {now - event.told_at_s:.0f} s"
    return replace(finding, reasons=(*finding.reasons, words))
