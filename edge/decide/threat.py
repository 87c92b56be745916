"""Is this thing a threat by the site's rules?

PURE. Two questions for two kinds of camera: `judge_tracks` lets a track's recent frames vote,
`judge_alone` decides on one frame that is itself an alarm. Either gives findings with their reasons
in words. The words of the rules are Frigate's: `min_score` drops single detections, `threshold` is
compared with the median of the recent scores, padded to three.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median

from edge.config.schema import Rule, Zone
from edge.decide import zones
from edge.decide.tracker import Track, Tracks
from edge.records import Box, TrackId
from imaging.detections import Detections

Size = tuple[int, int]

_STATIONARY_UNDER = 0.2
"""Feet that stayed within a fifth of the own height did not go anywhere; box jitter is less."""

_SLOWEST_REPEAT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A thing that a rule calls a threat, and why. `sequence` counts findings of one track."""

    track: TrackId
    sequence: int
    rule: Rule
    label: str
    box: Box
    score: float
    top_score: float
    median_score: float
    zones: tuple[str, ...]
    age_s: float
    travelled: float
    stationary: bool
    reasons: tuple[str, ...]


def judge_tracks(
    tracks: Tracks, rules: tuple[Rule, ...], areas: tuple[Zone, ...], size: Size, now: float
) -> tuple[Tracks, tuple[Finding, ...]]:
    """Judge every track seen at `now`; the tracks come back with zones and silences updated."""
    judged = [_judge(track, rules, areas, size, now) for track in tracks.alive]
    findings = tuple(finding for _, finding in judged if finding is not None)
    return replace(tracks, alive=tuple(track for track, _ in judged)), findings


def vote_scores(track: Track, rule: Rule) -> tuple[float, ...]:
    """The track's recent scores as the rule counts them: other labels and weak ones are 0."""
    return tuple(
        vote.score if vote.label in rule.labels and vote.score >= rule.min_score else 0.0
        for vote in track.votes
    )


def vote_median(scores: tuple[float, ...]) -> float:
    """Median, padded with zeros to three votes, so one or two frames alone cannot decide much."""
    return float(median((*scores, *(0.0,) * (3 - len(scores)))))


def _judge(
    track: Track, rules: tuple[Rule, ...], areas: tuple[Zone, ...], size: Size, now: float
) -> tuple[Track, Finding | None]:
    if track.seen_at_s != now:
        return track, None
    presences = zones.step(track.presences, areas, _share_foot(track.box, size), now)
    placed = track if presences == track.presences else replace(track, presences=presences)
    if now < placed.silent_until_s:
        return placed, None
    inside = zones.settled(placed.presences, areas, now)
    for rule in rules:
        reasons = _reasons(placed, rule, inside)
        if reasons is not None:
            silence = min(rule.cooldown_s * 2**placed.raised, _SLOWEST_REPEAT_S)
            raised = replace(placed, raised=placed.raised + 1, silent_until_s=now + silence)
            return raised, _finding(placed, rule, inside, reasons, now)
    return placed, None


def _reasons(track: Track, rule: Rule, inside: tuple[str, ...]) -> tuple[str, ...] | None:
    """Why the rule fires, or None: score, then place, then movement."""
    if track.votes[-1].label not in rule.labels:
        return None
    scores = vote_scores(track, rule)
    middle = vote_median(scores)
    if middle < rule.threshold:
        return None
    reasons = [
        f"{track.label}: median score {middle:.2f} of {len(scores)} frames >= {rule.threshold:.2f}"
    ]
    if rule.zones:
        hit = [zone for zone in inside if zone in rule.zones]
        if not hit:
            return None
        reasons.append(f"stands in zone {', '.join(hit)}")
    if rule.must_move:
        moving = sum(vote.moving for vote in track.votes)
        if 2 * moving < len(track.votes) or track.travelled < rule.min_travel:
            return None
        reasons.append(
            f"moved in {moving} of {len(track.votes)} frames, {track.travelled:.1f} of its height"
        )
    return tuple(reasons)


def _finding(
    track: Track, rule: Rule, inside: tuple[str, ...], reasons: tuple[str, ...], now: float
) -> Finding:
    scores = vote_scores(track, rule)
    return Finding(
        track=track.id,
        sequence=track.raised,
        rule=rule,
        label=track.label if track.label in rule.labels else track.votes[-1].label,
        box=track.box,
        score=track.votes[-1].score,
        top_score=max(scores),
        median_score=vote_median(scores),
        zones=inside,
        age_s=now - track.first_at_s,
        travelled=track.travelled,
        stationary=track.travelled < _STATIONARY_UNDER,
        reasons=reasons,
    )


def judge_alone(
    found: Detections,
    rules: tuple[Rule, ...],
    areas: tuple[Zone, ...],
    size: Size,
    first_id: int,
) -> tuple[Finding, ...]:
    """Judge one stand-alone frame: per rule its best detection, numbered from `first_id`."""
    findings: list[Finding] = []
    for rule in rules:
        finding = _best_alone(found, rule, areas, size, TrackId(first_id + len(findings)))
        if finding is not None:
            findings.append(finding)
    return tuple(findings)


def _best_alone(
    found: Detections, rule: Rule, areas: tuple[Zone, ...], size: Size, id_: TrackId
) -> Finding | None:
    for row in range(len(found)):
        score, label = float(found.scores[row]), found.labels[row]
        if label not in rule.labels or score < rule.snapshot_threshold:
            continue
        x0, y0, x1, y1 = (float(value) for value in found.boxes[row])
        covers = (x1 - x0) * (y1 - y0) / (size[0] * size[1])
        feet = _share_foot((x0, y0, x1, y1), size)
        inside = tuple(zone.id for zone in areas if zones.contains(zone.polygon, feet))
        in_place = not rule.zones or any(zone in rule.zones for zone in inside)
        if covers >= rule.snapshot_min_area and in_place:
            return _alone(rule, label, score, (x0, y0, x1, y1), inside, id_)
    return None


def _alone(
    rule: Rule, label: str, score: float, box: Box, inside: tuple[str, ...], id_: TrackId
) -> Finding:
    reasons = [f"{label}: score {score:.2f} >= {rule.snapshot_threshold:.2f} in a single picture"]
    if rule.zones:
        reasons.append(f"stands in zone {', '.join(z for z in inside if z in rule.zones)}")
    return Finding(
        track=id_,
        sequence=0,
        rule=rule,
        label=label,
        box=box,
        score=score,
        top_score=score,
        median_score=score,
        zones=inside,
        age_s=0.0,
        travelled=0.0,
        stationary=False,
        reasons=tuple(reasons),
    )


def _share_foot(box: Box, size: Size) -> tuple[float, float]:
    x, y = zones.foot(box)
    return x / size[0], y / size[1]
