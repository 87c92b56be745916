"""Between the tracks or detections of a frame and the memory of what stands there.

PURE. Says which of them are known objects, so that the rules can ask (`rules.conditions`), and
which alarms that kept back. Called by `rule_engine` around the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contract.labels import group_of
from edge.config.schema import StaticObjectsConfig
from edge.records import FrameSize, RuleResult, SuppressedAlarm, Suspicion, TrackId, in_shares
from edge.static_objects import verdict_feedback
from edge.static_objects.appearance import FrameContext
from edge.static_objects.memory import update_memory
from edge.static_objects.records import Match, Memory, ObservedObject
from edge.track.track import Track, Tracks
from imaging.detections import Detections
from imaging.polygons import Box

CHECK = "static"
"""Name of the check by which a rule asks whether an object is known to stand there."""

_LEFT = 0.2
"""Own lengths among the newest observations, both sides of the box alike: no jitter and no
passer-by shifts a parked car's box by so much."""

_ENTERED = 0.5
"""Own heights: whose feet got so far was seen to come, and did not stand there before."""

Known = Mapping[TrackId | Box, Match]
"""The known objects of a frame by track, or by box in pixels where a picture stands alone."""


def match_tracks(
    memory: Memory,
    tracks: Tracks,
    size: FrameSize,
    frame: FrameContext,
    settings: StaticObjectsConfig,
) -> tuple[Memory, Known]:
    """Which of the tracks seen in this frame are known objects, and the memory after it."""
    seen = [track for track in tracks.alive if track.seen_at_s == frame.now]
    observations = [_of_track(track, size) for track in seen]
    memory, matches = update_memory(memory, observations, frame, settings)
    pairs = zip(seen, matches, strict=True)
    return memory, {track.id: match for track, match in pairs if match is not None}


def match_detections(
    memory: Memory,
    found: Detections,
    size: FrameSize,
    frame: FrameContext,
    settings: StaticObjectsConfig,
) -> tuple[Memory, Known]:
    """As `match_tracks`, for a picture that stands alone."""
    boxes: list[Box] = [tuple(box) for box in found.boxes.tolist()]
    observations = [
        _alone(label, box, size) for label, box in zip(found.labels, boxes, strict=True)
    ]
    memory, matches = update_memory(memory, observations, frame, settings)
    pairs = zip(boxes, matches, strict=True)
    return memory, {box: match for box, match in pairs if match is not None}


def match_objects(
    memory: Memory,
    objects: Tracks | Detections,
    size: FrameSize,
    frame: FrameContext,
    settings: StaticObjectsConfig,
) -> tuple[Memory, Known]:
    """Which of the tracks seen in this frame, or of a single picture's detections, are known
    objects, and the memory after it."""
    if isinstance(objects, Tracks):
        return match_tracks(memory, objects, size, frame, settings)
    return match_detections(memory, objects, size, frame, settings)


def add_query(memory: Memory, suspicion: Suspicion, frame: FrameContext, *, alone: bool) -> Memory:
    """What a suspicion was raised about, which the cloud may refute; `alone`: by a single
    picture."""
    height, width = frame.image.shape[:2]
    observed = _alone(suspicion.label, suspicion.box, (width, height))
    if not alone:
        observed = replace(observed, track=suspicion.track)
    return verdict_feedback.add_query(memory, suspicion.report_id, suspicion.rule, observed, frame)


def suppress(
    memory: Memory, rule_results: Sequence[RuleResult], known: Known
) -> tuple[Memory, tuple[SuppressedAlarm, ...]]:
    """The known objects but for which a rule had fired, each track counted once; the objects count
    them too."""
    kept_back = {
        rule_result.box if rule_result.track is None else rule_result.track: None
        for rule_result in rule_results
        if [check.name for check in rule_result.checks if not check.passed] == [CHECK]
    }
    reported_by = {key for key in kept_back if key in memory.suppressed}
    news = tuple(known[key] for key in kept_back if key in known and key not in reported_by)
    counts = [match.object_id for match in news]
    objects = tuple(
        replace(obj, suppressed=obj.suppressed + counts.count(obj.id)) if obj.id in counts else obj
        for obj in memory.objects
    )
    still = {key for key in memory.suppressed if key in memory.matched}
    tracks = {key for key in kept_back if not isinstance(key, tuple)}
    suppressed = tuple(
        SuppressedAlarm(object_id=match.object_id, reason=match.reason) for match in news
    )
    return replace(memory, objects=objects, suppressed=frozenset(still | tracks)), suppressed


def _of_track(track: Track, size: FrameSize) -> ObservedObject:
    vote = track.votes[-1]
    return ObservedObject(
        track=track.id,
        group=track.group,
        label=vote.label,
        box=in_shares(track.box, size),
        moving=vote.moving,
        entered=track.travelled >= _ENTERED,
        leaves=vote.moving and track.displaced >= _LEFT,
    )


def _alone(label: str, box: Box, size: FrameSize) -> ObservedObject:
    return ObservedObject(track=None, group=group_of(label), label=label, box=in_shares(box, size))
