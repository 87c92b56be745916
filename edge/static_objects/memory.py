"""Memory of what stands there: parked cars, statues, a tap that is called human at noon.

PURE. An object is known by its box and its appearance. It becomes static when it has stood for long
enough; a person must moreover never have stirred, nor have been seen to come. A known object raises
no alarm as long as it stands and looks as remembered; what moves away from the box, or
looks otherwise, is news. An object whose place looks otherwise for long enough has gone.
What the cloud says of objects is taken up in `verdict_feedback`. Called by `matching` once per
analysed frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from edge.config.schema import StaticObjectsConfig
from edge.static_objects.appearance import Appearance, FrameContext, similarity
from edge.static_objects.records import Match, Memory, ObservedObject, StaticObject
from imaging.boxes import iou

HITS_NEEDED = 3
"""Frames: what was seen once or twice has not been seen to stand."""

_MOST_MOTION = 0.1
"""Of the frames: shadows and passers-by move a statue now and then, a living person more often."""

_HELD_OVERLAP = 0.3
"""A track that was known stays it while its box is shrunk by who stands before it."""

TIGHT_OVERLAP = 0.75
"""A vehicle's box that fits so well is that vehicle under a light in which it was never seen."""

_REFUTED_EASE = 0.1
"""What the cloud has refuted is recognised by so much less overlap."""

_FRESH = 0.8
"""An appearance that is still like but less so is remembered too: the light goes slowly."""

_MOST_APPEARANCES = 4
"""The first and the newest three: by day and by lamp, dry and wet."""

_CHECK_S = 1.0
"""How often the places of objects that were not seen are looked at."""

Near = list[tuple[float, StaticObject]]
"""The objects of a sighting's group whose boxes overlap its own, with the IoU, the greatest
first."""


def update_memory(
    memory: Memory,
    observations: Sequence[ObservedObject],
    frame: FrameContext,
    settings: StaticObjectsConfig,
) -> tuple[Memory, tuple[Match | None, ...]]:
    """The memory after a frame, and for each sighting the known object that it is, if any."""
    if not settings.enabled:
        return memory, (None,) * len(observations)
    objects = {obj.id: obj for obj in memory.objects}
    seen: set[str] = set()
    matches: list[Match | None] = []
    number = memory.next_number
    for observed, nearby in zip(
        observations, overlapping(memory.objects, observations), strict=True
    ):
        near = [(overlap, objects[obj.id]) for overlap, obj in nearby]
        known = _recognise(memory, near, observed, frame, settings)
        matches.append(known and known[0])
        after = known[1] if known else _watch(near, seen, observed, frame, settings, number)
        if after is not None:
            number += after.id not in objects
            objects[after.id] = after
            seen.add(after.id)
    checks = frame.now - memory.checked_s >= _CHECK_S
    rest = _check_places(objects, seen, frame, settings) if checks else objects
    matched = {
        observed.track: match
        for observed, match in zip(observations, matches, strict=True)
        if match is not None and observed.track is not None
    }
    after_all = replace(
        memory,
        objects=_within(rest, settings.max_objects),
        matched=matched,
        next_number=number,
        checked_s=frame.now if checks else memory.checked_s,
    )
    return after_all, tuple(matches)


def forget(memory: Memory, ids: frozenset[str]) -> Memory:
    """As if these objects had never been seen."""
    return replace(memory, objects=tuple(one for one in memory.objects if one.id not in ids))


def _recognise(
    memory: Memory,
    near: Near,
    observed: ObservedObject,
    frame: FrameContext,
    settings: StaticObjectsConfig,
) -> tuple[Match, StaticObject] | None:
    """The known object that a sighting is, best overlap first, and that object as seen now. What
    leaves its place is news, though it was known."""
    if observed.leaves:
        return None
    held = memory.matched.get(observed.track) if observed.track is not None else None
    for overlap, obj in near:
        if not _may_be(obj, observed):
            continue
        matched_before = held is not None and held.object_id == obj.id
        needed = settings.min_overlap - (_REFUTED_EASE if obj.refuted else 0.0)
        if overlap < (_HELD_OVERLAP if matched_before else needed):
            continue
        appearance = frame.appearance_at(obj.box)
        like = None if appearance is None else _similarity(obj, appearance)
        alike = like is not None and like >= settings.min_similarity
        by_box = (
            observed.group == "vehicle"
            and obj.static
            and (matched_before or overlap >= TIGHT_OVERLAP)
        )
        if alike or by_box:
            match = Match(
                object_id=obj.id,
                refuted=obj.refuted > 0,
                overlap=overlap,
                similarity=like if alike else None,
                rules=None if obj.known else obj.reported_by,
            )
            return match, _seen(obj, observed, appearance, like, frame, settings)
    return None


def _may_be(obj: StaticObject, observed: ObservedObject) -> bool:
    """What was only reported is no longer news unless it was seen to come. That its picture changes
    says nothing: so does a statue's when a lamp goes on."""
    return obj.known or (bool(obj.reported_by) and not observed.entered)


def _watch(
    near: Near,
    seen: set[str],
    observed: ObservedObject,
    frame: FrameContext,
    settings: StaticObjectsConfig,
    number: int,
) -> StaticObject | None:
    """The object that is being watched at this place, or a new one; None for what lives."""
    lives = observed.group in ("person", "animal")
    if lives and observed.entered:
        return None
    for overlap, obj in near:
        if overlap < settings.min_overlap:
            break
        if obj.known or obj.id in seen:
            continue
        appearance = frame.appearance_at(obj.box)
        if appearance is not None and _similarity(obj, appearance) >= settings.min_similarity:
            return _seen(obj, observed, appearance, None, frame, settings)
        if appearance is not None:
            return _begin(obj.id, observed, frame)
        return obj
    return None if lives and observed.moving else _begin(str(number), observed, frame)


def _begin(id_: str, observed: ObservedObject, frame: FrameContext) -> StaticObject | None:
    appearance = frame.appearance_at(observed.box)
    if appearance is None:
        return None
    return StaticObject(
        id=id_,
        group=observed.group,
        label=observed.label,
        box=observed.box,
        appearances=(appearance,),
        first_seen_at=frame.at,
        last_seen_at=frame.at,
        since_s=frame.now,
    )


def _seen(
    obj: StaticObject,
    observed: ObservedObject,
    appearance: Appearance | None,
    like: float | None,
    frame: FrameContext,
    settings: StaticObjectsConfig,
) -> StaticObject:
    """The object after one more sighting; an appearance that is only just like is remembered
    too."""
    slips = like is not None and settings.min_similarity <= like < _FRESH
    appearances = obj.appearances
    if slips and appearance is not None:
        appearances = (appearances[0], *(*appearances[1:], appearance)[-(_MOST_APPEARANCES - 1) :])
    hits, motion_hits = obj.hits + 1, obj.motion_hits + observed.moving
    return replace(
        obj,
        appearances=appearances,
        last_seen_at=max(obj.last_seen_at, frame.at),
        hits=hits,
        motion_hits=motion_hits,
        static=obj.static or _has_stood(obj, hits, motion_hits, frame.now, settings),
        gone_since_s=None,
    )


def _has_stood(
    obj: StaticObject, hits: int, motion_hits: int, now: float, settings: StaticObjectsConfig
) -> bool:
    if hits < HITS_NEEDED:
        return False
    if obj.group in ("person", "animal"):
        return (
            now - obj.since_s >= settings.person_stationary_s and motion_hits <= _MOST_MOTION * hits
        )
    return now - obj.since_s >= settings.stationary_s


def _check_places(
    objects: dict[str, StaticObject],
    seen: set[str],
    frame: FrameContext,
    settings: StaticObjectsConfig,
) -> dict[str, StaticObject]:
    """Objects that nobody detected are still there while their place looks like them; those
    whose place looked otherwise for long, or that were not seen for days, are forgotten."""
    oldest = frame.at - timedelta(days=settings.keep_days)
    rest: dict[str, StaticObject] = {}
    for obj in objects.values():
        after = obj if obj.id in seen else _checked(obj, frame, settings)
        if after is not None and after.last_seen_at >= oldest:
            rest[after.id] = after
    return rest


def _checked(
    obj: StaticObject, frame: FrameContext, settings: StaticObjectsConfig
) -> StaticObject | None:
    appearance = frame.appearance_at(obj.box)
    if appearance is None or obj.refuted:  # the tap is human at noon only
        return obj
    if _similarity(obj, appearance) >= settings.min_similarity:
        return replace(obj, last_seen_at=max(obj.last_seen_at, frame.at), gone_since_s=None)
    since_s = frame.now if obj.gone_since_s is None else obj.gone_since_s
    if frame.now - since_s >= settings.free_s:
        return None
    return replace(obj, gone_since_s=since_s)


def _within(objects: dict[str, StaticObject], most: int) -> tuple[StaticObject, ...]:
    """At most so many, those that are only watched going first, then the longest unseen."""
    if len(objects) <= most:
        return tuple(objects.values())
    ranked = sorted(objects.values(), key=lambda one: (one.lasting, one.last_seen_at), reverse=True)
    kept = {obj.id for obj in ranked[:most]}
    return tuple(obj for obj in objects.values() if obj.id in kept)


def overlapping(
    objects: Sequence[StaticObject], observations: Sequence[ObservedObject]
) -> list[Near]:
    """What is near each sighting."""
    if not objects:
        return [[] for _ in observations]
    boxes = np.array([obj.box for obj in objects], np.float32)
    table = iou(np.array([one.box for one in observations], np.float32).reshape(-1, 4), boxes)
    near: list[Near] = [[] for _ in observations]
    for row, column in np.argwhere(table).tolist():
        if objects[column].group == observations[row].group:
            near[row].append((float(table[row, column]), objects[column]))
    return [sorted(pairs, key=lambda pair: -pair[0]) for pairs in near]


def _similarity(obj: StaticObject, appearance: Appearance) -> float:
    return max((similarity(one, appearance) for one in obj.appearances), default=0.0)
