"""Between the tracks or detections of a frame and the memory of what stands there.

PURE. Says which of them are known things, so that the rules can ask (`rules.conditions`), and which
alarms that kept back. Called by `pipeline` around the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contract.labels import group_of
from edge.config.schema import StaticObjects
from edge.records import Box, Judgement, Size, Suspicion, TrackId, Withheld, in_shares
from edge.static_objects import verdict_feedback
from edge.static_objects.appearance import Moment
from edge.static_objects.memory import step_memory
from edge.static_objects.records import Match, Memory, Sighting
from edge.track.track import Track, Tracks
from imaging.detections import Detections

CHECK = "static"
"""Name of the check by which a rule asks whether a thing is known to stand there."""

_LEAVES = 0.2
"""Own lengths among the newest sights, both sides of the box alike: no jitter and no passer-by
shifts a parked car's box by so much."""

_CAME = 0.5
"""Own heights: whose feet got so far was seen to come, and did not stand there before."""

Known = Mapping[TrackId | Box, Match]
"""The known things of a frame by track, or by box in pixels where a picture stands alone."""


def among_tracks(
    memory: Memory, tracks: Tracks, size: Size, moment: Moment, settings: StaticObjects
) -> tuple[Memory, Known]:
    """Which of the tracks seen in this frame are known things, and the memory after it."""
    seen = [track for track in tracks.alive if track.seen_at_s == moment.now]
    sightings = [_of_track(track, size) for track in seen]
    memory, matches = step_memory(memory, sightings, moment, settings)
    pairs = zip(seen, matches, strict=True)
    return memory, {track.id: match for track, match in pairs if match is not None}


def among_detections(
    memory: Memory, found: Detections, size: Size, moment: Moment, settings: StaticObjects
) -> tuple[Memory, Known]:
    """As `among_tracks`, for a picture that stands alone."""
    boxes: list[Box] = [tuple(box) for box in found.boxes.tolist()]
    sightings = [_alone(label, box, size) for label, box in zip(found.labels, boxes, strict=True)]
    memory, matches = step_memory(memory, sightings, moment, settings)
    pairs = zip(boxes, matches, strict=True)
    return memory, {box: match for box, match in pairs if match is not None}


def among(
    memory: Memory, things: Tracks | Detections, size: Size, moment: Moment, settings: StaticObjects
) -> tuple[Memory, Known]:
    """Which of the tracks seen in this frame, or of a lone picture's detections, are known things,
    and the memory after it."""
    if isinstance(things, Tracks):
        return among_tracks(memory, things, size, moment, settings)
    return among_detections(memory, things, size, moment, settings)


def ask(memory: Memory, suspicion: Suspicion, moment: Moment, *, alone: bool) -> Memory:
    """What a suspicion was raised about, which the cloud may refute; `alone`: by a lone picture."""
    height, width = moment.image.shape[:2]
    sighting = _alone(suspicion.label, suspicion.box, (width, height))
    if not alone:
        sighting = replace(sighting, track=suspicion.track)
    return verdict_feedback.ask(memory, suspicion.report_id, suspicion.rule, sighting, moment)


def withhold(
    memory: Memory, judgements: Sequence[Judgement], known: Known
) -> tuple[Memory, tuple[Withheld, ...]]:
    """The known things but for which a rule had fired, each track counted once; the things count
    them too."""
    kept_back = {
        judgement.box if judgement.track is None else judgement.track: None
        for judgement in judgements
        if [check.name for check in judgement.checks if not check.passed] == [CHECK]
    }
    told = {key for key in kept_back if key in memory.withheld}
    news = tuple(known[key] for key in kept_back if key in known and key not in told)
    counts = [match.thing for match in news]
    things = tuple(
        replace(thing, withheld=thing.withheld + counts.count(thing.id))
        if thing.id in counts
        else thing
        for thing in memory.things
    )
    still = {key for key in memory.withheld if key in memory.matched}
    tracks = {key for key in kept_back if not isinstance(key, tuple)}
    withheld = tuple(Withheld(thing=match.thing, reason=match.reason) for match in news)
    return replace(memory, things=things, withheld=frozenset(still | tracks)), withheld


def _of_track(track: Track, size: Size) -> Sighting:
    vote = track.votes[-1]
    return Sighting(
        track=track.id,
        group=track.group,
        label=vote.label,
        box=in_shares(track.box, size),
        moving=vote.moving,
        came=track.travelled >= _CAME,
        leaves=vote.moving and track.displaced >= _LEAVES,
    )


def _alone(label: str, box: Box, size: Size) -> Sighting:
    return Sighting(track=None, group=group_of(label), label=label, box=in_shares(box, size))
