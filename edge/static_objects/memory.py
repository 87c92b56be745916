"""Memory of what stands there: parked cars, statues, a tap that is called human at noon.

PURE. A thing is known by its box and its appearance. It becomes static when it has stood for long
enough; a person must moreover never have stirred, nor have been seen to come. A known thing raises
no alarm as long as it stands and looks as remembered; what moves away from the box, or looks
otherwise, is news. A thing whose place looks otherwise for long enough has gone. What the cloud
says of things is taken up in `verdict_feedback`. Called by `matching` once per analysed frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from edge.config.schema import StaticObjects
from edge.static_objects.appearance import Appearance, Moment, likeness
from edge.static_objects.records import Match, Memory, Sighting, Thing
from imaging.boxes import iou

HITS_NEEDED = 3
"""Frames: what was seen once or twice has not been seen to stand."""

_MOST_STIRS = 0.1
"""Of the frames: shadows and passers-by move a statue now and then, a living person more often."""

_HELD_OVERLAP = 0.3
"""A track that was known stays it while its box is shrunk by who stands before it."""

TIGHT_OVERLAP = 0.75
"""A vehicle's box that fits so well is that vehicle under a light in which it was never seen."""

_REFUTED_EASE = 0.1
"""What the cloud has refuted is recognised by so much less overlap."""

_FRESH = 0.8
"""A look that is still like but less so is remembered too: the light goes slowly."""

_MOST_LOOKS = 4

_CHECK_S = 1.0
"""How often the places of things that were not seen are looked at."""

Near = list[tuple[float, Thing]]
"""The things of a sighting's group whose boxes overlap its own, with the IoU, the greatest
first."""


def step_memory(
    memory: Memory, sightings: Sequence[Sighting], moment: Moment, settings: StaticObjects
) -> tuple[Memory, tuple[Match | None, ...]]:
    """The memory after a frame, and for each sighting the known thing that it is, if any."""
    if not settings.enabled:
        return memory, (None,) * len(sightings)
    things = {thing.id: thing for thing in memory.things}
    seen: set[str] = set()
    matches: list[Match | None] = []
    number = memory.next_number
    for sighting, nearby in zip(sightings, overlapping(memory.things, sightings), strict=True):
        near = [(overlap, things[thing.id]) for overlap, thing in nearby]
        known = _recognise(memory, near, sighting, moment, settings)
        matches.append(known and known[0])
        after = known[1] if known else _watch(near, seen, sighting, moment, settings, number)
        if after is not None:
            number += after.id not in things
            things[after.id] = after
            seen.add(after.id)
    checks = moment.now - memory.checked_s >= _CHECK_S
    rest = _look_at_places(things, seen, moment, settings) if checks else things
    matched = {
        sighting.track: match
        for sighting, match in zip(sightings, matches, strict=True)
        if match is not None and sighting.track is not None
    }
    after_all = replace(
        memory,
        things=_within(rest, settings.max_objects),
        matched=matched,
        next_number=number,
        checked_s=moment.now if checks else memory.checked_s,
    )
    return after_all, tuple(matches)


def forget(memory: Memory, ids: frozenset[str]) -> Memory:
    """As if these things had never been seen."""
    return replace(memory, things=tuple(one for one in memory.things if one.id not in ids))


def _recognise(
    memory: Memory,
    near: Near,
    sighting: Sighting,
    moment: Moment,
    settings: StaticObjects,
) -> tuple[Match, Thing] | None:
    """The known thing that a sighting is, best overlap first, and that thing as seen now. What
    leaves its place is news, though it was known."""
    if sighting.leaves:
        return None
    held = memory.matched.get(sighting.track) if sighting.track is not None else None
    for overlap, thing in near:
        if not _may_be(thing, sighting):
            continue
        is_held = held is not None and held.thing == thing.id
        needed = settings.min_overlap - (_REFUTED_EASE if thing.refuted else 0.0)
        if overlap < (_HELD_OVERLAP if is_held else needed):
            continue
        look = moment.look(thing.box)
        like = None if look is None else _likeness(thing, look)
        alike = like is not None and like >= settings.min_likeness
        by_box = (
            sighting.group == "vehicle" and thing.static and (is_held or overlap >= TIGHT_OVERLAP)
        )
        if alike or by_box:
            match = Match(
                thing=thing.id,
                refuted=thing.refuted > 0,
                overlap=overlap,
                likeness=like if alike else None,
                rules=None if thing.known else thing.told,
            )
            return match, _seen(thing, sighting, look, like, moment, settings)
    return None


def _may_be(thing: Thing, sighting: Sighting) -> bool:
    """What was only told of is no longer news unless it was seen to come. That its picture changes
    says nothing: so does a statue's when a lamp goes on."""
    return thing.known or (bool(thing.told) and not sighting.came)


def _watch(
    near: Near,
    seen: set[str],
    sighting: Sighting,
    moment: Moment,
    settings: StaticObjects,
    number: int,
) -> Thing | None:
    """The thing that is being watched at this place, or a new one; None for what lives."""
    lives = sighting.group in ("person", "animal")
    if lives and sighting.came:
        return None
    for overlap, thing in near:
        if overlap < settings.min_overlap:
            break
        if thing.known or thing.id in seen:
            continue
        look = moment.look(thing.box)
        if look is not None and _likeness(thing, look) >= settings.min_likeness:
            return _seen(thing, sighting, look, None, moment, settings)
        if look is not None:
            return _begin(thing.id, sighting, moment)
        return thing
    return None if lives and sighting.moving else _begin(str(number), sighting, moment)


def _begin(id_: str, sighting: Sighting, moment: Moment) -> Thing | None:
    look = moment.look(sighting.box)
    if look is None:
        return None
    return Thing(
        id=id_,
        group=sighting.group,
        label=sighting.label,
        box=sighting.box,
        looks=(look,),
        first_seen_at=moment.at,
        last_seen_at=moment.at,
        since_s=moment.now,
    )


def _seen(
    thing: Thing,
    sighting: Sighting,
    look: Appearance | None,
    like: float | None,
    moment: Moment,
    settings: StaticObjects,
) -> Thing:
    """The thing after one more sighting; a look that is only just like is remembered too."""
    slips = like is not None and settings.min_likeness <= like < _FRESH
    looks = thing.looks
    if slips and look is not None:
        looks = (looks[0], *(*looks[1:], look)[-(_MOST_LOOKS - 1) :])
    hits, stirs = thing.hits + 1, thing.stirs + sighting.moving
    return replace(
        thing,
        looks=looks,
        last_seen_at=max(thing.last_seen_at, moment.at),
        hits=hits,
        stirs=stirs,
        static=thing.static or _has_stood(thing, hits, stirs, moment.now, settings),
        gone_since_s=None,
    )


def _has_stood(thing: Thing, hits: int, stirs: int, now: float, settings: StaticObjects) -> bool:
    if hits < HITS_NEEDED:
        return False
    if thing.group in ("person", "animal"):
        return now - thing.since_s >= settings.person_stationary_s and stirs <= _MOST_STIRS * hits
    return now - thing.since_s >= settings.stationary_s


def _look_at_places(
    things: dict[str, Thing], seen: set[str], moment: Moment, settings: StaticObjects
) -> dict[str, Thing]:
    """Things that nobody detected are still there while their place looks like them; those whose
    place looked otherwise for long, or that were not seen for days, are forgotten."""
    oldest = moment.at - timedelta(days=settings.keep_days)
    rest: dict[str, Thing] = {}
    for thing in things.values():
        after = thing if thing.id in seen else _checked(thing, moment, settings)
        if after is not None and after.last_seen_at >= oldest:
            rest[after.id] = after
    return rest


def _checked(thing: Thing, moment: Moment, settings: StaticObjects) -> Thing | None:
    look = moment.look(thing.box)
    if look is None or thing.refuted:  # the tap is human at noon only
        return thing
    if _likeness(thing, look) >= settings.min_likeness:
        return replace(thing, last_seen_at=max(thing.last_seen_at, moment.at), gone_since_s=None)
    since_s = moment.now if thing.gone_since_s is None else thing.gone_since_s
    if moment.now - since_s >= settings.free_s:
        return None
    return replace(thing, gone_since_s=since_s)


def _within(things: dict[str, Thing], most: int) -> tuple[Thing, ...]:
    """At most so many, those that are only watched going first, then the longest unseen."""
    if len(things) <= most:
        return tuple(things.values())
    ranked = sorted(things.values(), key=lambda one: (one.lasting, one.last_seen_at), reverse=True)
    kept = {thing.id for thing in ranked[:most]}
    return tuple(thing for thing in things.values() if thing.id in kept)


def overlapping(things: Sequence[Thing], sightings: Sequence[Sighting]) -> list[Near]:
    """What is near each sighting."""
    if not things:
        return [[] for _ in sightings]
    boxes = np.array([thing.box for thing in things], np.float32)
    table = iou(np.array([one.box for one in sightings], np.float32).reshape(-1, 4), boxes)
    near: list[Near] = [[] for _ in sightings]
    for row, column in np.argwhere(table).tolist():
        if things[column].group == sightings[row].group:
            near[row].append((float(table[row, column]), things[column]))
    return [sorted(pairs, key=lambda pair: -pair[0]) for pairs in near]


def _likeness(thing: Thing, look: Appearance) -> float:
    return max((likeness(one, look) for one in thing.looks), default=0.0)
