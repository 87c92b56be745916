"""Was it a threat after all? What the full model sees of an audited motion event gives a verdict.

PURE. Nothing was suspected at the edge, so there is no label to compare with and no box but that of
everything that moved: a person there who reaches the limit was missed; so was a vehicle, if most of
it lies in what moved. In one picture a parked one under a moving shadow looks like one that drives,
so for vehicles the audit errs towards calling them missed. Called by `judge`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cloud.confirm import Stamp
from cloud.matching import Seen
from cloud.settings import Policy
from contract.labels import group_of
from contract.report import RelativeBox, ThreatReport
from contract.verdict import Sighting, Verdict
from imaging.boxes import areas, intersections

_MOST = 0.5
_EVERYWHERE = 0.9
"""Share of the picture from which a box does not say what moved: no vehicle is missed by it."""


def judge_audit(report: ThreatReport, seen: Seen, policy: Policy, stamp: Stamp) -> Verdict:
    """`confirmed` with the strongest thing that was missed, else `refuted`. The severity stays 0:
    the edge decides whether an audit may alarm anybody."""
    missed = list(_missed(report, seen, policy))
    best = max(missed, key=lambda sighting: sighting.score, default=None)
    if best is None:
        reason = "no person or moving vehicle where things moved"
    else:
        limit = policy.limit_of(best.label)
        reason = f"missed: {best.label} {best.score:.2f} where things moved, limit {limit:.2f}"
    return Verdict(
        report_id=report.report_id,
        gateway=report.gateway,
        camera=report.camera,
        decision="refuted" if best is None else "confirmed",
        decided_by="cloud",
        decided_at=stamp.decided_at,
        label=report.label if best is None else best.label,
        score=0.0 if best is None else best.score,
        severity=0,
        audit=True,
        reasons=(reason,),
        model_sha256=stamp.model_sha256,
        evidence_key=report.evidence[0].key,
        sightings=tuple(missed),
    )


def _missed(report: ThreatReport, seen: Seen, policy: Policy) -> Iterator[Sighting]:
    """The persons and vehicles that moved and reach their limit."""
    found = seen.detections
    sides = np.array([seen.width, seen.height] * 2, np.float32)
    moved = np.array([report.box], np.float32) * sides
    shares = intersections(found.boxes, moved)[:, 0] / np.maximum(areas(found.boxes), 1)
    x0, y0, x1, y1 = report.box
    everywhere = (x1 - x0) * (y1 - y0) >= _EVERYWHERE
    for row, label in enumerate(found.labels):
        score = round(float(found.scores[row]), 4)
        group, inside = group_of(label), float(shares[row])
        there = inside >= _MOST and not everywhere if group == "vehicle" else inside > 0
        if group in ("person", "vehicle") and there and score >= policy.limit_of(label):
            yield Sighting(label=label, score=score, box=_relative(found.boxes[row] / sides))


def _relative(box: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> RelativeBox:
    x0, y0, x1, y1 = (round(min(max(float(value), 0.0), 1.0), 5) for value in box)
    return x0, y0, x1, y1
