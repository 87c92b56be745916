"""Is it true? A report, what the full model saw in its evidence, and the policy give a verdict.

PURE. Something of the suspected kind must stand at the suspected place. A frame counts as much as
the best of its views, a report as much as the mean of its best two frames: a thing is there in more
than one picture, what only looks like it seldom is. `first` are the views that decide; where their
score lies between `refute_below` and the limit, the `second` ones count too. Reasons are
phrases for an operator. Called by `evaluator` and by the archive's stages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from cloud.confirm.matching import (
    DetectionMatch,
    EvidenceView,
    box_of,
    kind_of,
    match_in,
    rider_in,
    something_else,
)
from cloud.confirm.movement import UNKNOWN, PicturedMovement, movement_in
from cloud.confirm.policy import Policy
from contract.labels import CYCLES, group_of
from contract.report import ThreatReport
from contract.verdict import Decision, NetworkVote, Sighting, Verdict

MAX_SIGHTINGS = 20
"""The surest are listed; a crowd would make a verdict of tens of kilobytes."""

DISAGREE = "the networks disagree"
"""Begins the reason that says so: such pictures are worth labelling."""

BEST_OF = 2
"""Frames whose mean counts at least. The mean of two beats the best of three: an accident of one
frame, a face in the leaves, keeps at most half its score. More would punish what turns away or is
hidden; but of four and more all but one count, or the best two of many would be a choice."""


DROVE = 0.3
"""Own lengths that a vehicle must have come to count as driving. Nearer, it still covers most of
its place, and a parked one whose box trembles or that somebody walks past came as far."""

SMALL_PX = 32
"""Side of a square under whose area COCO calls an object small. What is smaller comes its own
length soon, a ball as well as a car, and shows too little to be a vehicle at a lower score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """By which model and when a verdict is made."""

    model_sha256: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedScore:
    """What speaks for the suspicion: the score, the strongest match behind it, the frames, whether
    somebody is at the place of a bicycle or motorcycle, and what a vehicle does in the pictures."""

    score: float
    match: DetectionMatch | None
    close: bool
    frames: tuple[float, ...]
    ridden: bool = False
    movement: PicturedMovement = UNKNOWN


def combine_scores(
    report: ThreatReport, views: Sequence[EvidenceView], policy: Policy
) -> CombinedScore:
    """The mean over the best `BEST_OF` frames, of each its best view; frames by falling score."""
    matched = [(match_in(report, view, policy.min_iou), view) for view in views]
    found = [(match, view) for match, view in matched if match is not None]
    best = max(found, key=lambda pair: pair[0].score, default=None)
    scores = {view.moment: 0.0 for view in views}
    for match, view in found:
        scores[view.moment] = max(scores[view.moment], match.score)
    frames = tuple(sorted(scores.values(), reverse=True))
    counted = frames[: max(BEST_OF, len(frames) - 1)]
    return CombinedScore(
        score=round(sum(counted) / max(1, len(counted)), 4),
        match=best[0] if best else None,
        close=best[1].close if best else False,
        frames=frames,
        ridden=any(rider_in(view, policy.confirm_at, policy.min_iou) for view in views),
        movement=movement_in(report, views, policy.min_iou),
    )


def second_views_needed(
    report: ThreatReport, first: Sequence[EvidenceView], policy: Policy
) -> bool:
    """Whether the first views leave it open, so that the second ones are needed.

    A whole frame at full size refutes what it shows under `refute_below`. Close-ups refute nothing
    by themselves: what fills them may be recognised only by its surroundings.
    """
    combined = combine_scores(report, first, policy)
    refuted = combined.score < policy.refute_below and not first[0].close
    return combined.score < _limit(report, combined, policy) and not refuted


def confirm(
    report: ThreatReport,
    first: Sequence[EvidenceView],
    second: Sequence[EvidenceView],
    policy: Policy,
    stamp: Stamp,
) -> Verdict:
    """`confirmed` or `refuted`; `second` counts only where `second_views_needed` says so.

    `first` holds at least one view, of the frame that shows the thing best before all others.
    """
    alone = combine_scores(report, first, policy)
    more = tuple(second) if second_views_needed(report, first, policy) else ()
    combined = combine_scores(report, (*first, *more), policy)
    limit = _limit(report, combined, policy)
    likely = combined.match is not None and combined.score >= limit
    confirmed = likely and not combined.movement.stands
    doubts = (
        (_stands(combined),)
        if likely
        else (
            *_doubts(report, alone, limit),
            *(
                line
                for view in more
                for line in _doubts_too(combine_scores(report, (view,), policy), limit)
            ),
            *_instead(report, first[0], policy),
        )
    )
    reasons = (_proof(combined, limit),) if confirmed else doubts
    return _verdict(
        report,
        "confirmed" if confirmed else "refuted",
        (*reasons, *_votes(combined.match, limit, confirmed=likely)),
        stamp,
        label=combined.match.label if confirmed and combined.match else None,
        score=combined.score,
        sightings=_sightings(first[0]),
        votes=combined.match.votes if combined.match else {},
    )


def _limit(report: ThreatReport, combined: CombinedScore, policy: Policy) -> float:
    """A bicycle that turns out to be a car must be one by a car's limit, and vice versa."""
    labels = [report.label] + ([combined.match.label] if combined.match else [])
    way = max(report.track.displacement, combined.movement.way)
    driving = way >= DROVE and not _small(report)
    return max(
        policy.confirm_at
        if combined.ridden and label in CYCLES
        else policy.limit_of(label, driving=driving)
        for label in labels
    )


def _small(report: ThreatReport) -> bool:
    """In the picture of the whole frame; without one nothing says how large it is, so it is."""
    x0, y0, x1, y1 = report.box
    share = (x1 - x0) * (y1 - y0)
    whole = (ref.width * ref.height for ref in report.evidence if ref.role != "crop")
    return share * max(whole, default=0) < SMALL_PX**2


def inconclusive(report: ThreatReport, reason: str, stamp: Stamp) -> Verdict:
    """The evidence cannot be used; nothing was refuted, so the report's severity stands."""
    return _verdict(report, "inconclusive", (reason,), stamp)


def severity_of(report: ThreatReport, decision: Decision) -> int:
    """The AVS-01 level after the decision.

    ANSI/TMA-AVS-01 keeps level 3 for a likely threat to people or property; a person whom both the
    site's rules and the full model see where the site wants nobody is one. A vehicle alone stays
    what the site's rule made of it. What was refuted, and any self-test, is no alarm: level 0.
    """
    if decision == "refuted" or report.test:
        return 0
    if decision == "confirmed" and group_of(report.label) == "person":
        return max(3, report.severity)
    return report.severity


def _verdict(
    report: ThreatReport,
    decision: Decision,
    reasons: tuple[str, ...],
    stamp: Stamp,
    *,
    label: str | None = None,
    score: float = 0.0,
    sightings: tuple[Sighting, ...] = (),
    votes: Mapping[str, float] | None = None,
) -> Verdict:
    keys = [ref.key for role in ("best", "crop") for ref in report.evidence if ref.role == role]
    return Verdict(
        report_id=report.report_id,
        gateway=report.gateway,
        camera=report.camera,
        decision=decision,
        decided_by="cloud",
        decided_at=stamp.decided_at,
        label=label or report.label,
        score=round(min(max(score, 0.0), 1.0), 4),
        severity=severity_of(report, decision),
        profile=report.profile,
        audit=report.audit,
        reasons=reasons,
        model_sha256=stamp.model_sha256,
        evidence_key=next(iter(keys), None),
        sightings=sightings,
        votes=tuple(NetworkVote(network=name, score=one) for name, one in (votes or {}).items()),
        test=report.test,
    )


def _proof(combined: CombinedScore, limit: float) -> str:
    """Called with a match."""
    return f"{_weighed(combined)} {_where(combined)}, limit {limit:.2f}"


def _stands(combined: CombinedScore) -> str:
    stood = combined.movement.stood_for
    seconds = stood.total_seconds() if stood else 0.0
    return (
        f"{_weighed(combined)} stands: its place looks the same in pictures {seconds:.1f} s apart"
    )


def _votes(match: DetectionMatch | None, limit: float, *, confirmed: bool) -> Iterator[str]:
    """What each of several fused networks gave to the strongest match. They disagree where one
    alone would have confirmed and another saw less than half of it: worth labelling."""
    if match is not None and match.votes:
        votes = ", ".join(f"{name} {score:.2f}" for name, score in match.votes.items())
        high, low = max(match.votes.values()), min(match.votes.values())
        split = low < limit / 2 if confirmed else high >= limit
        what = f"{DISAGREE} on" if split else "votes for"
        yield f"{what} the {match.label} of the strongest picture: {votes}"


def _doubts(report: ThreatReport, combined: CombinedScore, limit: float) -> Iterator[str]:
    if combined.match is None:
        of = f" in {len(combined.frames)} frames" if len(combined.frames) > 1 else ""
        yield f"no {kind_of(report.label)} at the suspected place{of}"
    else:
        yield f"{_weighed(combined)} {_where(combined)} is under the limit {limit:.2f}"


def _doubts_too(combined: CombinedScore, limit: float) -> Iterator[str]:
    """What the second look at one picture brought, if anything."""
    if combined.match is not None:
        where = "in the close-up" if combined.close else "in the whole frame"
        yield f"{_weighed(combined)} {where} is under the limit {limit:.2f}"


def _weighed(combined: CombinedScore) -> str:
    name = combined.match.label if combined.match else "nothing"
    return f"{name} {combined.score:.2f}"


def _where(combined: CombinedScore) -> str:
    count = len(combined.frames)
    if count == 1:
        return "in the close-up" if combined.close else "at the suspected place"
    scores = ", ".join(f"{score:.2f}" for score in combined.frames)
    best = max(BEST_OF, count - 1)
    which = "in both frames" if count == BEST_OF else f"in the best {best} of {count} frames"
    return f"at the suspected place {which} ({scores})"


def _instead(report: ThreatReport, view: EvidenceView, policy: Policy) -> Iterator[str]:
    other = something_else(report, view, policy.min_iou)
    if other is not None:
        elsewhere = "elsewhere in the close-up" if view.close else "elsewhere in the frame"
        yield f"{other.label} {other.score:.2f} {'there instead' if other.there else elsewhere}"


def _sightings(view: EvidenceView) -> tuple[Sighting, ...]:
    """The strongest detections of the best picture, for people who look at the verdict."""
    found = view.seen.detections
    strongest = np.argsort(-found.scores, kind="stable")[:MAX_SIGHTINGS].tolist()
    return tuple(
        Sighting(
            label=found.labels[row],
            score=round(float(found.scores[row]), 4),
            box=view.to_frame(box_of(found, row)),
        )
        for row in strongest
    )
