"""What a rule asks of an object: one check for each condition that the rule sets.

PURE. The only place where a rule's keys are held against what was seen; `evaluate` decides by these
checks and `checks` puts them into words. The words of the rules are Frigate's: `min_score` drops
single detections, `threshold` is compared with the median of the recent scores, padded to three.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from statistics import median

from edge.config.schema import RuleConfig
from edge.records import Check, in_shares
from edge.rules import checks, cooldown
from edge.rules.context import EvaluationContext
from edge.static_objects import place_history
from edge.static_objects.place_history import PlaceSimilarity
from edge.static_objects.records import Match
from edge.track import zones
from edge.track.track import Track
from imaging.polygons import Box

_PERSISTS_S = 1.0
"""Somebody who stands where the empty scene has nobody need not walk: leaves and shadows come and
go within the second."""

_CLASSES = 1024
"""Classes times rules whose first answer is kept: 80 classes, a dozen rules."""


@lru_cache(maxsize=_CLASSES)
def label_check(label: str, labels: tuple[str, ...]) -> Check:
    """Whether the rule, which is about `labels`, asks anything more."""
    return checks.one_of("labels", "label", (label,), labels)


def track_checks(
    track: Track,
    label: str,
    rule: RuleConfig,
    severity: int,
    inside: tuple[str, ...],
    context: EvaluationContext,
    now: float,
) -> Iterator[Check]:
    """All that the rule asks of a track of a label that it is about: place, movement, time.
    `label` is the track's own."""
    seen = cooldown.Visibility(track.votes[-1].score, track.height)
    asked = [
        _vote(track, label, rule),
        *_shape(rule, track.box, context),
        *_place(track, rule, inside, now),
        *(_movement(track, rule, context) if rule.must_move else ()),
        *_static(context.known.get(track.id), rule),
        *_time(rule, context),
        *cooldown.check(track.cooldowns, rule, severity, seen, now),
    ]
    yield from asked
    if rule.must_move and track.group == "vehicle" and all(one.passed for one in asked):
        yield from _stood(track, context)


def picture_checks(
    label: str,
    score: float,
    box: Box,
    rule: RuleConfig,
    inside: tuple[str, ...],
    context: EvaluationContext,
) -> Iterator[Check]:
    """All that the rule asks of one picture of a label that it is about; what takes several, a stay
    or a crossing, none has."""
    yield checks.at_least(
        "snapshot_threshold", f"{label}: score in a single picture", score, rule.snapshot_threshold
    )
    if rule.snapshot_min_area > 0:
        area = (box[2] - box[0]) * (box[3] - box[1]) / (context.size[0] * context.size[1])
        yield checks.at_least(
            "snapshot_min_area", "share of the picture", area, rule.snapshot_min_area
        )
    yield from _shape(rule, box, context)
    if rule.zones:
        yield checks.one_of("zones", "stands in zone", inside, rule.zones)
    if rule.loitering_s > 0:
        yield checks.at_least("loitering_s", "seconds of loitering", 0.0, rule.loitering_s)
    if rule.lines:
        yield checks.one_of("lines", "crossed line", (), rule.lines)
    yield from _static(context.known.get(box), rule)
    yield from _time(rule, context)


def vote_scores(track: Track, rule: RuleConfig) -> tuple[float, ...]:
    """The track's recent scores as the rule counts them: other labels and weak ones are 0."""
    return tuple(
        vote.score if vote.label in rule.labels and vote.score >= rule.min_score else 0.0
        for vote in track.votes
    )


def vote_median(scores: tuple[float, ...]) -> float:
    """Median, padded with zeros to three votes, so one or two frames alone cannot decide much."""
    return float(median((*scores, *(0.0,) * (3 - len(scores)))))


def _vote(track: Track, label: str, rule: RuleConfig) -> Check:
    scores = vote_scores(track, rule)
    what = f"{label}: median score of {len(scores)} frame{'s' if len(scores) > 1 else ''}"
    return checks.at_least(
        "threshold", what, vote_median(scores), rule.threshold, _weak(scores.count(0.0), rule)
    )


def _weak(count: int, rule: RuleConfig) -> str:
    if not count:
        return ""
    return f"{count} of them, under min_score {rule.min_score:.2f} or of other labels, count 0"


def _shape(rule: RuleConfig, box: Box, context: EvaluationContext) -> Iterator[Check]:
    """Only limits that limit something; the ratio is that of the object, not of squeezed pixels."""
    wide, tall = box[2] - box[0], box[3] - box[1]
    area = wide * tall / (context.size[0] * context.size[1])
    ratio = wide * context.aspect / max(tall, 1e-6)
    if rule.min_area > 0:
        yield checks.at_least("min_area", "share of the picture", area, rule.min_area)
    if rule.max_area < 1:
        yield checks.at_most("max_area", "share of the picture", area, rule.max_area)
    if rule.min_ratio > 0:
        yield checks.at_least("min_ratio", "width / height", ratio, rule.min_ratio)
    if rule.max_ratio < 100:
        yield checks.at_most("max_ratio", "width / height", ratio, rule.max_ratio)


def _place(track: Track, rule: RuleConfig, inside: tuple[str, ...], now: float) -> Iterator[Check]:
    if rule.zones:
        waiting = [p.zone for p in track.presences if p.inside and p.zone not in inside]
        note = f"inertia_s of {', '.join(waiting)} is not over" if waiting else ""
        yield checks.one_of("zones", "stands in zone", inside, rule.zones, note)
    if rule.loitering_s > 0:
        stayed_s = now - track.first_at_s
        if rule.zones:
            stayed_s = zones.dwelt_s(track.presences, rule.zones, now)
        yield checks.at_least("loitering_s", "seconds of loitering", stayed_s, rule.loitering_s)
    if rule.lines:
        reported_at_s = cooldown.last_report_at_s(track.cooldowns, rule)
        crossed = tuple(c.line for c in track.line_history.crossings if c.at_s > reported_at_s)
        yield checks.one_of("lines", "crossed line", crossed, rule.lines)


def _movement(track: Track, rule: RuleConfig, context: EvaluationContext) -> Iterator[Check]:
    moving = sum(vote.moving for vote in track.votes)
    frames = len(track.votes)
    yield checks.at_least(
        "must_move",
        "share of frames in which it moved",
        moving / frames,
        0.5,
        f"{moving} of {frames}",
    )
    if track.group == "vehicle":
        what = "way among the newest frames in own lengths"
        yield checks.at_least("min_travel", what, track.displaced, rule.min_travel)
    elif track.travelled < rule.min_travel and _came_to_stand(track, context):
        what = "seconds where nobody was before"
        yield checks.at_least("min_travel", what, track.persists_s, _PERSISTS_S)
    else:
        what = "way of its feet in own heights"
        yield checks.at_least("min_travel", what, track.travelled, rule.min_travel)


def _came_to_stand(track: Track, context: EvaluationContext) -> bool:
    """Somebody who has been seen for a while where a few seconds ago nobody was."""
    if track.group != "person" or track.persists_s < _PERSISTS_S:
        return False
    like = _similarity(track, context)
    return like is not None and like.least < place_history.STANDING


def _similarity(track: Track, context: EvaluationContext) -> PlaceSimilarity | None:
    return context.similarity(in_shares(track.box, context.size))


def _stood(track: Track, context: EvaluationContext) -> Iterator[Check]:
    """Whether the place of a vehicle looked the same some seconds ago, or one that it is said to
    have left looks as it did with it: then it stands there, whatever its box does. Asked last,
    since it costs most."""
    stays = context.stays(track.id, track.box)
    if stays is not None:
        what = "similarity of where it was before to what is there now"
        yield checks.at_most("stays", what, stays, place_history.STAYS)
    like = _similarity(track, context)
    if like is not None:
        what = "similarity of its place to what was there before"
        yield checks.at_most("stood", what, like.most, place_history.STANDING)


def _static(match: Match | None, rule: RuleConfig) -> Iterator[Check]:
    """An object that is known to stand there is no news; nothing is said of others."""
    if match is not None and match.suppresses(rule.id):
        like = "" if match.similarity is None else f", similarity {match.similarity:.2f}"
        yield checks.one_of(
            "static",
            "known as",
            (f"{match.reason} object {match.object_id}",),
            ("nothing",),
            f"overlap {match.overlap:.2f}{like}",
        )


def _time(rule: RuleConfig, context: EvaluationContext) -> Iterator[Check]:
    if rule.schedules:
        named = [reading for reading in context.hours if reading.schedule in rule.schedules]
        current = tuple(reading.schedule for reading in named if reading.active)
        note = ", ".join(dict.fromkeys(reading.local for reading in named))
        yield checks.one_of("schedules", "within schedule", current, rule.schedules, note)
    if not context.armed:
        yield checks.one_of("armed", "camera armed", ("OFF",), ("ON",))
