"""Is it true? A report, what the full model saw in its evidence, and the policy give a verdict.

PURE. Something of the suspected kind must stand at the suspected place. A frame counts as much as
the best of its views, a report as much as the mean of its best two frames: a thing is there in more
than one picture, what only looks like it seldom is. `first` are the views that decide; where their
score lies between `refute_below` and the limit, the `second` ones are looked at too. Reasons are
phrases for an operator. Called by `judge` and by the archive's stages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from cloud.matching import Match, View, box_of, kind_of, match_in, rider_in, something_else
from cloud.policy import Policy
from contract.labels import CYCLES, group_of
from contract.report import ThreatReport
from contract.verdict import Decision, Sighting, Verdict

MAX_SIGHTINGS = 20

BEST_OF = 2
"""Frames whose mean counts at least. The mean of two beats the best of three: an accident of one
frame, a face in the leaves, keeps at most half its score. More would punish what turns away or is
hidden; but of four and more all but one count, or the best two of many would be a choice."""


DROVE = 0.3
"""Own lengths that a vehicle must have come to count as driving. Nearer, it still covers most of
its place, and a parked one whose box trembles or that somebody walks past came as far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """By which model and when a verdict is made."""

    model_sha256: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What speaks for the suspicion: the score, the strongest match behind it, the frames, and
    whether somebody is at the place of a bicycle or motorcycle."""

    score: float
    match: Match | None
    close: bool
    frames: tuple[float, ...]
    ridden: bool = False


def weigh(report: ThreatReport, views: Sequence[View], policy: Policy) -> Weight:
    """The mean over the best `BEST_OF` frames, of each its best view; frames by falling score."""
    sights = [(match_in(report, view, policy.min_iou), view) for view in views]
    found = [(match, view) for match, view in sights if match is not None]
    best = max(found, key=lambda pair: pair[0].score, default=None)
    scores = {view.moment: 0.0 for view in views}
    for match, view in found:
        scores[view.moment] = max(scores[view.moment], match.score)
    frames = tuple(sorted(scores.values(), reverse=True))
    counted = frames[: max(BEST_OF, len(frames) - 1)]
    return Weight(
        score=round(sum(counted) / max(1, len(counted)), 4),
        match=best[0] if best else None,
        close=best[1].close if best else False,
        frames=frames,
        ridden=any(rider_in(view, policy.confirm_at, policy.min_iou) for view in views),
    )


def second_look_due(report: ThreatReport, first: Sequence[View], policy: Policy) -> bool:
    """Whether the first views leave it open, so that the second ones should be looked at.

    A whole frame at full size refutes what it shows under `refute_below`. Close-ups refute nothing
    by themselves: what fills them may be told only from its surroundings.
    """
    weight = weigh(report, first, policy)
    refuted = weight.score < policy.refute_below and not first[0].close
    return weight.score < _limit(report, weight, policy) and not refuted


def confirm(
    report: ThreatReport,
    first: Sequence[View],
    second: Sequence[View],
    policy: Policy,
    stamp: Stamp,
) -> Verdict:
    """`confirmed` or `refuted`; `second` counts only where `second_look_due` says so.

    `first` holds at least one view, of the frame that shows the thing best before all others.
    """
    alone = weigh(report, first, policy)
    more = tuple(second) if second_look_due(report, first, policy) else ()
    weight = weigh(report, (*first, *more), policy)
    limit = _limit(report, weight, policy)
    confirmed = weight.match is not None and weight.score >= limit
    doubts = (
        *_doubts(report, alone, limit),
        *(line for view in more for line in _doubts_too(weigh(report, (view,), policy), limit)),
        *_instead(report, first[0], policy),
    )
    return _verdict(
        report,
        "confirmed" if confirmed else "refuted",
        (_proof(weight, limit),) if confirmed else doubts,
        stamp,
        label=weight.match.label if confirmed and weight.match else None,
        score=weight.score,
        sightings=_sightings(first[0]),
    )


def _limit(report: ThreatReport, weight: Weight, policy: Policy) -> float:
    """A bicycle that turns out to be a car must be one by a car's limit, and vice versa."""
    labels = [report.label] + ([weight.match.label] if weight.match else [])
    driving = report.track.displacement >= DROVE
    return max(
        policy.confirm_at
        if weight.ridden and label in CYCLES
        else policy.limit_of(label, driving=driving)
        for label in labels
    )


def inconclusive(report: ThreatReport, reason: str, stamp: Stamp) -> Verdict:
    """The evidence cannot be judged; nothing was refuted, so the report's severity stands."""
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
        audit=report.audit,
        reasons=reasons,
        model_sha256=stamp.model_sha256,
        evidence_key=next(iter(keys), None),
        sightings=sightings,
        test=report.test,
    )


def _proof(weight: Weight, limit: float) -> str:
    """Called with a match."""
    return f"{_weighed(weight)} {_where(weight)}, limit {limit:.2f}"


def _doubts(report: ThreatReport, weight: Weight, limit: float) -> Iterator[str]:
    if weight.match is None:
        of = f" in {len(weight.frames)} frames" if len(weight.frames) > 1 else ""
        yield f"no {kind_of(report.label)} at the suspected place{of}"
    else:
        yield f"{_weighed(weight)} {_where(weight)} is under the limit {limit:.2f}"


def _doubts_too(weight: Weight, limit: float) -> Iterator[str]:
    """What the second look at one picture brought, if anything."""
    if weight.match is not None:
        where = "in the close-up" if weight.close else "in the whole frame"
        yield f"{_weighed(weight)} {where} is under the limit {limit:.2f}"


def _weighed(weight: Weight) -> str:
    name = weight.match.label if weight.match else "nothing"
    return f"{name} {weight.score:.2f}"


def _where(weight: Weight) -> str:
    count = len(weight.frames)
    if count == 1:
        return "in the close-up" if weight.close else "at the suspected place"
    scores = ", ".join(f"{score:.2f}" for score in weight.frames)
    best = max(BEST_OF, count - 1)
    which = "in both frames" if count == BEST_OF else f"in the best {best} of {count} frames"
    return f"at the suspected place {which} ({scores})"


def _instead(report: ThreatReport, view: View, policy: Policy) -> Iterator[str]:
    other = something_else(report, view, policy.min_iou)
    if other is not None:
        elsewhere = "elsewhere in the close-up" if view.close else "elsewhere in the frame"
        yield f"{other.label} {other.score:.2f} {'there instead' if other.there else elsewhere}"


def _sightings(view: View) -> tuple[Sighting, ...]:
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
