"""Is it true? A report, what the full model saw in its evidence, and the policy give a verdict.

PURE. The best whole frame decides: something of the suspected kind, at the suspected place, with a
score at or over the limit. Between `refute_below` and the limit the crop is looked at too, in which
a small thing is larger. Reasons are phrases for an operator. Called by `judge`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from cloud.matching import (
    Match,
    Seen,
    at_suspected_place,
    in_the_middle,
    kind_of,
    something_else,
)
from cloud.settings import Policy
from contract.labels import group_of
from contract.report import RelativeBox, ThreatReport
from contract.verdict import Decision, Sighting, Verdict

MAX_SIGHTINGS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """By which model and when a verdict is made."""

    model_sha256: str
    decided_at: datetime


def second_look_due(report: ThreatReport, best: Seen, policy: Policy) -> bool:
    """Whether the whole frame leaves it open, so that the crop should be looked at."""
    match = at_suspected_place(report, best, policy.min_iou)
    return match is not None and policy.refute_below <= match.score < policy.limit_of(report.label)


def confirm(
    report: ThreatReport, best: Seen, crop: Seen | None, policy: Policy, stamp: Stamp
) -> Verdict:
    """`confirmed` or `refuted`; the crop counts only where `second_look_due` says so."""
    limit = policy.limit_of(report.label)
    first = at_suspected_place(report, best, policy.min_iou)
    second = in_the_middle(report, crop) if crop and second_look_due(report, best, policy) else None
    if first and first.score >= limit:
        return _confirmed(report, first, f"at the suspected place, limit {limit:.2f}", best, stamp)
    if second and second.score >= limit:
        return _confirmed(report, second, f"in the close-up, limit {limit:.2f}", best, stamp)
    return _verdict(
        report,
        "refuted",
        tuple(_doubts(report, first, second, limit))
        + tuple(_instead(something_else(report, best, policy.min_iou))),
        stamp,
        score=max((match.score for match in (first, second) if match), default=0.0),
        sightings=_sightings(best),
    )


def inconclusive(report: ThreatReport, reason: str, stamp: Stamp) -> Verdict:
    """The evidence cannot be judged; nothing was refuted, so the report's severity stands."""
    return _verdict(report, "inconclusive", (reason,), stamp)


def severity_of(report: ThreatReport, decision: Decision) -> int:
    """The AVS-01 level after the decision.

    ANSI/TMA-AVS-01 keeps level 3 for a likely threat to people or property; a person whom both the
    site's rules and the full model see where the site wants nobody is one. A vehicle alone stays
    what the site's rule made of it. What was refuted is no alarm: level 0.
    """
    if decision == "refuted":
        return 0
    if decision == "confirmed" and group_of(report.label) == "person":
        return max(3, report.severity)
    return report.severity


def _confirmed(report: ThreatReport, match: Match, where: str, best: Seen, stamp: Stamp) -> Verdict:
    return _verdict(
        report,
        "confirmed",
        (f"{match.label} {match.score:.2f} {where}",),
        stamp,
        label=match.label,
        score=match.score,
        sightings=_sightings(best),
    )


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
        evidence_key=next((ref.key for ref in report.evidence if ref.role == "best"), None),
        sightings=sightings,
    )


def _doubts(
    report: ThreatReport, first: Match | None, second: Match | None, limit: float
) -> Iterator[str]:
    if first is None:
        yield f"no {kind_of(report.label)} at the suspected place"
    else:
        yield f"{_named(first)} at the suspected place is under the limit {limit:.2f}"
    if second is not None:
        yield f"{_named(second)} in the close-up is under the limit {limit:.2f}"


def _instead(other: Match | None) -> Iterator[str]:
    if other is not None:
        yield f"{_named(other)} {'there instead' if other.there else 'elsewhere in the frame'}"


def _named(match: Match) -> str:
    return f"{match.label} {match.score:.2f}"


def _sightings(best: Seen) -> tuple[Sighting, ...]:
    """The strongest detections of the whole frame, for people who look at the verdict."""
    found = best.detections
    strongest = np.argsort(-found.scores, kind="stable")[:MAX_SIGHTINGS].tolist()
    return tuple(
        Sighting(
            label=found.labels[row],
            score=round(float(found.scores[row]), 4),
            box=_as_shares(found.boxes[row].tolist(), best),
        )
        for row in strongest
    )


def _as_shares(box: list[float], seen: Seen) -> RelativeBox:
    sides = (seen.width, seen.height, seen.width, seen.height)
    x0, y0, x1, y1 = (
        round(min(max(at / side, 0.0), 1.0), 5) for at, side in zip(box, sides, strict=True)
    )
    return x0, y0, x1, y1
