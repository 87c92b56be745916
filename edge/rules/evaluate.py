"""Is this thing a threat by the site's rules?

PURE. Two questions for two kinds of camera: `judge_tracks` lets a track's recent frames vote,
`judge_alone` decides on one frame that is itself an alarm. A rule is a row of checks
(`conditions`) that must all be passed; either answer comes with all of them, so a decision and its
explanation are one thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from contract.labels import SUMMED
from edge.config.schema import Rule
from edge.records import Box, Check, Judgement, TrackId
from edge.rules import checks, cooldown
from edge.rules.conditions import (
    asked_of_picture,
    asked_of_track,
    of_label,
    vote_median,
    vote_scores,
)
from edge.rules.context import Conditions
from edge.track import lines, zones
from edge.track.track import Track, Tracks
from imaging.detections import Detections

STATIONARY_UNDER = 0.2
"""Feet that stayed within a fifth of the own height did not go anywhere; box jitter is less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A thing that a rule calls a threat, and why. `sequence` counts findings of one track."""

    track: TrackId
    sequence: int
    rule: Rule
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
class Judged:
    """The tracks with places and silences updated, what was found, and every judgement of a thing
    in this frame: of the rules in their order up to the first that fires."""

    tracks: Tracks
    findings: tuple[Finding, ...]
    judgements: tuple[Judgement, ...]


def judge_tracks(tracks: Tracks, conditions: Conditions, now: float) -> Judged:
    """Judge every track seen at `now`."""
    alive: list[Track] = []
    findings: list[Finding] = []
    judgements: list[Judgement] = []
    for track in tracks.alive:
        if track.seen_at_s != now:
            alive.append(track)
            continue
        after, finding = _judge(_placed(track, conditions, now), conditions, now, judgements)
        alive.append(after)
        findings += [finding] if finding is not None else []
    return Judged(
        tracks=replace(tracks, alive=tuple(alive)),
        findings=tuple(findings),
        judgements=tuple(judgements),
    )


def _placed(track: Track, conditions: Conditions, now: float) -> Track:
    """The track with what its foot has to do with zones and lines."""
    if not (conditions.zones or conditions.lines):
        return track
    x, y = zones.foot(track.box)
    width, height = conditions.size
    presences = zones.step(track.presences, conditions.zones, (x / width, y / height), now)
    tall_px = track.box[3] - track.box[1]
    history = lines.step(
        track.line_history, conditions.lines, (x, y), tall_px, conditions.size, now
    )
    return replace(track, presences=presences, line_history=history)


def _judge(
    track: Track, conditions: Conditions, now: float, judgements: list[Judgement]
) -> tuple[Track, Finding | None]:
    """Ask the rules in order until one fires; each answer is added to `judgements`."""
    inside = zones.occupied(track.presences, conditions.zones, now)
    usual, newest = track.label, track.votes[-1].label
    for rule in conditions.rules:
        severity = conditions.severity(rule, inside)
        asked = asked_of_track(track, usual, rule, severity, inside, conditions, now)
        label = usual if usual in rule.labels else newest
        first = of_label(newest, rule.labels)
        judgement = _judgement(track.id, rule, label, track.box, conditions, first, asked)
        judgements.append(judgement)
        if judgement.fired:
            best = cooldown.Sight(max(vote.score for vote in track.votes), track.height)
            told = cooldown.after(track.told, rule, severity, best, now)
            after = replace(track, raised=track.raised + 1, told=told)
            return after, _finding(track, rule, severity, inside, judgement, now)
    return track, None


def _judgement(
    track: TrackId | None,
    rule: Rule,
    label: str,
    box: Box,
    conditions: Conditions,
    first: Check,
    asked: Iterator[Check],
) -> Judgement:
    """Of a thing of another class nothing but that is said."""
    rest = tuple(asked) if first.passed else ()
    return Judgement(
        track=track,
        rule=rule.id,
        label=label,
        box=box,
        night=conditions.night and rule.night is not None,
        checks=(first, *rest),
    )


def _finding(
    track: Track,
    rule: Rule,
    severity: int,
    inside: tuple[str, ...],
    judgement: Judgement,
    now: float,
) -> Finding:
    scores = vote_scores(track, rule)
    return Finding(
        track=track.id,
        sequence=track.raised,
        rule=rule,
        severity=severity,
        label=judgement.label,
        box=track.box,
        score=track.votes[-1].score,
        top_score=max(scores),
        median_score=vote_median(scores),
        zones=inside,
        age_s=now - track.first_at_s,
        displacement=track.displaced if track.group == "vehicle" else track.travelled,
        stationary=track.travelled < STATIONARY_UNDER,
        reasons=checks.reasons(judgement),
    )


def judge_alone(
    found: Detections, conditions: Conditions, first_id: int
) -> tuple[tuple[Finding, ...], tuple[Judgement, ...]]:
    """Judge one stand-alone frame: per rule its best detection of each kind of thing, so that a
    bicycle does not hide a car, numbered from `first_id`."""
    findings: list[Finding] = []
    judgements: list[Judgement] = []
    for rule in conditions.rules:
        told: set[str] = set()
        for row in range(len(found)):
            if kind(found.labels[row]) in told:
                continue
            id_ = TrackId(first_id + len(findings))
            judgement, finding = _alone(found, row, rule, conditions, id_)
            judgements.append(judgement)
            if finding is not None:
                findings.append(finding)
                told.add(kind(finding.label))
    return tuple(findings), tuple(judgements)


def kind(label: str) -> str:
    """What is one thing to a network that cannot tell a car from a truck."""
    return "car" if label in SUMMED else label


def _alone(
    found: Detections, row: int, rule: Rule, conditions: Conditions, id_: TrackId
) -> tuple[Judgement, Finding | None]:
    x0, y0, x1, y1 = (float(value) for value in found.boxes[row])
    box, label, score = (x0, y0, x1, y1), found.labels[row], float(found.scores[row])
    foot_x, foot_y = zones.foot(box)
    feet = foot_x / conditions.size[0], foot_y / conditions.size[1]
    inside = tuple(zone.id for zone in conditions.zones if zones.contains(zone.polygon, feet))
    asked = asked_of_picture(label, score, box, rule, inside, conditions)
    first = of_label(label, rule.labels)
    judgement = _judgement(None, rule, label, box, conditions, first, asked)
    if not judgement.fired:
        return judgement, None
    return judgement, Finding(
        track=id_,
        sequence=0,
        rule=rule,
        severity=conditions.severity(rule, inside),
        label=label,
        box=box,
        score=score,
        top_score=score,
        median_score=score,
        zones=inside,
        age_s=0.0,
        displacement=0.0,
        stationary=False,
        reasons=checks.reasons(judgement),
    )
