"""Is there a threat in this archived picture? The live path's decision, asked of everything in it.

PURE. No gateway suspected anything here, so each detection of a kind that the rules name is put to
`confirm` as if one had, at its own place and with its own close-up, by the live path's limits. The
picture shows a threat if one of them is confirmed. The time of a verdict is the picture's, so that
the same archive, model and rules give the same bytes. Called by `threat`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloud.confirm import Stamp, confirm, inconclusive, second_look_due
from cloud.matching import ALL, View, kind_of, same_place
from cloud.policy import Policy
from cloud.stages.rules import Kind, Rules, Threat
from cloud.stages.sight import CloseUp, Row, Sight, seen_of
from contract.ids import GatewayId, report_id
from contract.keys import evidence_key
from contract.report import (
    EvidenceRef,
    FiredRule,
    RelativeBox,
    Scores,
    ThreatReport,
    TrackFacts,
)
from contract.verdict import Decision, Verdict

ARCHIVE = GatewayId("archive")
"""Stands for the gateway in the ids of archived pictures."""
_LABELS: dict[Kind, str] = {"person": "person", "vehicle": "car", "animal": "dog"}
"""One label of each kind: reports name a label, and are compared by its group."""
_WEIGHT: dict[Decision, int] = {
    "confirmed": 0,
    "inconclusive": 1,
    "unconfirmed": 1,
    "refuted": 2,
}


def judge(sight: Sight, rules: Rules) -> tuple[Verdict, ...]:
    """A verdict per class of the rules, in their order."""
    return tuple(
        _judge(sight, _question(sight, threat, number, rules), rules.policy).model_copy(
            update={"evidence_key": None}  # it lies in the archive
        )
        for number, threat in enumerate(rules.threats)
    )


def _judge(sight: Sight, question: ThreatReport, policy: Policy) -> Verdict:
    """That on the thing which decides it: a confirmed one, else one that is open, else the first.

    Without anything of the kind, the question stands for the whole frame.
    """
    stamp = Stamp(model_sha256=sight.model.sha256, decided_at=sight.named.captured_at)
    if sight.problem is not None:
        why = f"picture cannot be judged: {sight.problem.reason}: {sight.problem.detail}"
        return inconclusive(question, why, stamp)
    close = {one.of: one for one in sight.close_ups}
    verdicts = [
        _about(sight, question.model_copy(update={"box": place}), close.get(of), policy, stamp)
        for of, place in _places(sight, question, policy.min_iou)
    ] or [_about(sight, question, None, policy, stamp)]
    return min(verdicts, key=lambda verdict: _WEIGHT[verdict.decision])


def _about(
    sight: Sight, report: ThreatReport, close: CloseUp | None, policy: Policy, stamp: Stamp
) -> Verdict:
    moment = sight.named.captured_at
    seen = seen_of(sight.detections, sight.width, sight.height)
    whole = View(seen=seen, moment=moment, close=False, place=report.box)
    if not second_look_due(report, (whole,), policy):
        return confirm(report, (whole,), (), policy, stamp)
    if close is None:
        why = "the whole frame leaves it open and there is no close-up of it"
        return inconclusive(report, why, stamp)
    near = View(
        seen=seen_of(close.detections, close.width, close.height),
        moment=moment,
        close=True,
        region=close.region or ALL,
        place=None if close.region is None else report.box,
    )
    return confirm(report, (whole,), (near,), policy, stamp)


def _places(
    sight: Sight, question: ThreatReport, min_iou: float
) -> Iterator[tuple[int, RelativeBox]]:
    """Number and place of every detection of the kind that is asked about, strongest first; a
    weaker one at the place of a stronger one is about the same thing, and answered with it."""
    asked: list[Row] = []
    for number, row in enumerate(sight.detections):
        if kind_of(row.label) == kind_of(question.label):
            if any(same_place(row.box, one.box, min_iou) for one in asked):
                continue
            asked.append(row)
            x0, y0, x1, y1 = row.box
            width, height = sight.width, sight.height
            yield number, (_share(x0, width), _share(y0, height),
                           _share(x1, width), _share(y1, height))  # fmt: skip


def _share(at: float, side: int) -> float:
    return min(max(at / side, 0.0), 1.0)


def _question(sight: Sight, threat: Threat, number: int, rules: Rules) -> ThreatReport:
    named = sight.named
    evidence = EvidenceRef(
        role="best",
        key=evidence_key(ARCHIVE, named.device, named.captured_at, sight.sha256),
        sha256=sight.sha256,
        bytes=max(1, sight.bytes),
        width=max(1, sight.width),
        height=max(1, sight.height),
        received_at=named.captured_at,
    )
    return ThreatReport(
        report_id=report_id(ARCHIVE, named.device, 0, named.unix_s, number),
        gateway=ARCHIVE,
        camera=named.device,
        label=_LABELS[threat.kind],
        severity=threat.severity,
        raised_at=named.captured_at,
        box=(0.0, 0.0, 1.0, 1.0),
        scores=Scores(last=0.0, top=0.0, median=0.0),
        track=TrackFacts(id=0, age_s=0.0, displacement=0.0, stationary=False),
        rule=FiredRule(id=threat.kind, reasons=("archived picture",)),
        model_sha256=sight.model.sha256,
        config_version="rules",
        config_sha256=rules.sha256,
        evidence=(evidence,),
    )
