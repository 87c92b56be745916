"""Is this object a threat by the site's rules?

PURE. Two questions for two kinds of camera: `evaluate_tracks` lets a track's recent frames vote,
`evaluate_picture` decides on one frame that is itself an alarm. A rule is a row of checks
(`conditions`) that must all be passed; either answer comes with all of them, so a decision and its
explanation are one thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from contract.labels import SUMMED
from edge.config.schema import RuleConfig
from edge.records import Check, RuleResult, TrackId, in_shares
from edge.rules import checks, cooldown
from edge.rules.conditions import (
    label_check,
    picture_checks,
    track_checks,
    vote_median,
    vote_scores,
)
from edge.rules.context import EvaluationContext
from edge.track import lines, zones
from edge.track.track import Track, Tracks
from imaging.detections import Detections
from imaging.polygons import Box, foot

STATIONARY_UNDER = 0.2
"""Feet that stayed within a fifth of the own height did not go anywhere; box jitter is less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An object that a rule calls a threat, and why. `sequence` counts findings of one track."""

    track: TrackId
    sequence: int
    rule: RuleConfig
    severity: int
    label: str
    box: Box
    score: float
    top_score: float
    median_score: float
    zones: tuple[str, ...]
    age_s: float
    displacement: float
    stationary: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackResults:
    """The tracks with places and cooldowns updated, what was found, and every rule result for an
    object in this frame: of the rules in their order up to the first that fires."""

    tracks: Tracks
    findings: tuple[Finding, ...]
    rule_results: tuple[RuleResult, ...]


def evaluate_tracks(tracks: Tracks, context: EvaluationContext, now: float) -> TrackResults:
    """Evaluate the rules for every track seen at `now`."""
    alive: list[Track] = []
    findings: list[Finding] = []
    rule_results: list[RuleResult] = []
    for track in tracks.alive:
        if track.seen_at_s != now:
            alive.append(track)
            continue
        after, finding = _evaluate_track(_placed(track, context, now), context, now, rule_results)
        alive.append(after)
        findings += [finding] if finding is not None else []
    return TrackResults(
        tracks=replace(tracks, alive=tuple(alive)),
        findings=tuple(findings),
        rule_results=tuple(rule_results),
    )


def _placed(track: Track, context: EvaluationContext, now: float) -> Track:
    """The track with what its foot has to do with zones and lines."""
    if not (context.zones or context.lines):
        return track
    x, y = foot(track.box)
    width, height = context.size
    presences = zones.step(track.presences, context.zones, (x / width, y / height), now)
    tall_px = track.box[3] - track.box[1]
    history = lines.step(track.line_history, context.lines, (x, y), tall_px, context.size, now)
    return replace(track, presences=presences, line_history=history)


def _evaluate_track(
    track: Track, context: EvaluationContext, now: float, rule_results: list[RuleResult]
) -> tuple[Track, Finding | None]:
    """Ask the rules in order until one fires; each result is added to `rule_results`."""
    inside = zones.occupied(track.presences, context.zones, now)
    usual, newest = track.label, track.votes[-1].label
    for rule in context.rules:
        severity = context.severity(rule, inside)
        rest = track_checks(track, usual, rule, severity, inside, context, now)
        label = usual if usual in rule.labels else newest
        label_checked = label_check(newest, rule.labels)
        rule_result = _rule_result(track.id, rule, label, track.box, context, label_checked, rest)
        rule_results.append(rule_result)
        if rule_result.fired:
            best = cooldown.Visibility(max(vote.score for vote in track.votes), track.height)
            cooldowns = cooldown.after_report(track.cooldowns, rule, severity, best, now)
            after = replace(track, raised=track.raised + 1, cooldowns=cooldowns)
            return after, _finding(track, rule, severity, inside, rule_result, now)
    return track, None


def _rule_result(
    track: TrackId | None,
    rule: RuleConfig,
    label: str,
    box: Box,
    context: EvaluationContext,
    label_checked: Check,
    rest: Iterator[Check],
) -> RuleResult:
    """Of an object of another class nothing but that is said."""
    checked = tuple(rest) if label_checked.passed else ()
    return RuleResult(
        track=track,
        rule=rule.id,
        label=label,
        box=box,
        night=context.night and rule.night is not None,
        checks=(label_checked, *checked),
    )


def _finding(
    track: Track,
    rule: RuleConfig,
    severity: int,
    inside: tuple[str, ...],
    rule_result: RuleResult,
    now: float,
) -> Finding:
    scores = vote_scores(track, rule)
    return Finding(
        track=track.id,
        sequence=track.raised,
        rule=rule,
        severity=severity,
        label=rule_result.label,
        box=track.box,
        score=track.votes[-1].score,
        top_score=max(scores),
        median_score=vote_median(scores),
        zones=inside,
        age_s=now - track.first_at_s,
        displacement=track.displaced if track.group == "vehicle" else track.travelled,
        stationary=track.travelled < STATIONARY_UNDER,
        reasons=checks.reasons(rule_result),
    )


def evaluate_picture(
    found: Detections, context: EvaluationContext, first_id: int
) -> tuple[tuple[Finding, ...], tuple[RuleResult, ...]]:
    """Evaluate the rules for a single picture: per rule its best detection of each kind of object,
    so that a bicycle does not hide a car, numbered from `first_id`."""
    findings: list[Finding] = []
    rule_results: list[RuleResult] = []
    for rule in context.rules:
        found_kinds: set[str] = set()
        for row in range(len(found)):
            if kind(found.labels[row]) in found_kinds:
                continue
            id_ = TrackId(first_id + len(findings))
            rule_result, finding = _evaluate_detection(found, row, rule, context, id_)
            rule_results.append(rule_result)
            if finding is not None:
                findings.append(finding)
                found_kinds.add(kind(finding.label))
    return tuple(findings), tuple(rule_results)


def kind(label: str) -> str:
    """What is one kind of object to a network that cannot tell a car from a truck."""
    return "car" if label in SUMMED else label


def _evaluate_detection(
    found: Detections, row: int, rule: RuleConfig, context: EvaluationContext, id_: TrackId
) -> tuple[RuleResult, Finding | None]:
    x0, y0, x1, y1 = (float(value) for value in found.boxes[row])
    box, label, score = (x0, y0, x1, y1), found.labels[row], float(found.scores[row])
    shares = in_shares(box, context.size)
    inside = tuple(zone.id for zone in context.zones if zone.holds(shares))
    rest = picture_checks(label, score, box, rule, inside, context)
    label_checked = label_check(label, rule.labels)
    rule_result = _rule_result(None, rule, label, box, context, label_checked, rest)
    if not rule_result.fired:
        return rule_result, None
    return rule_result, Finding(
        track=id_,
        sequence=0,
        rule=rule,
        severity=context.severity(rule, inside),
        label=label,
        box=box,
        score=score,
        top_score=score,
        median_score=score,
        zones=inside,
        age_s=0.0,
        displacement=0.0,
        stationary=False,
        reasons=checks.reasons(rule_result),
    )
