"""Is there a threat in this archived picture? The live path's decision, asked of everything in it.

PURE. No gateway suspected anything here, so each detection of a kind that the rules name is put to
`decision` as if one had, at its own place and with its own close-up, by the live path's limits. The
picture shows a threat if one of them is confirmed. The time of a verdict is the picture's, so that
the same archive, model and rules give the same bytes. Called by `threat`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloud.confirm.decision import Stamp, confirm, inconclusive, second_views_needed
from cloud.confirm.matching import ALL, EvidenceView, kind_of, same_place
from cloud.confirm.policy import Policy
from cloud.stages.detections import CloseUp, DetectionRow, PictureRecord, picture_detections
from cloud.stages.rules import Rules, Threat, ThreatKind
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
_LABELS: dict[ThreatKind, str] = {"person": "person", "vehicle": "car", "animal": "dog"}
"""One label of each kind: reports name a label, and are compared by its group."""
_ORDER: dict[Decision, int] = {
    "confirmed": 0,
    "inconclusive": 1,
    "unconfirmed": 1,
    "refuted": 2,
}


def verdicts_of(record: PictureRecord, rules: Rules) -> tuple[Verdict, ...]:
    """A verdict per class of the rules, in their order."""
    return tuple(
        _verdict_of(
            record, _hypothetical_report(record, threat, number, rules), rules.policy
        ).model_copy(
            update={"evidence_key": None}  # it lies in the archive
        )
        for number, threat in enumerate(rules.threats)
    )


def confirmed_rows(record: PictureRecord, rules: Rules) -> frozenset[int]:
    """The numbers of the detections that are confirmed as a threat, each asked about by itself."""
    if record.problem is not None:
        return frozenset()
    stamp = Stamp(model_sha256=record.model.sha256, decided_at=record.named.captured_at)
    close = {one.of: one for one in record.close_ups}
    found = set()
    for number, threat in enumerate(rules.threats):
        asked = _hypothetical_report(record, threat, number, rules)
        for of, place in _places(record, asked, rules.policy.min_iou):
            suspicion = asked.model_copy(update={"box": place})
            verdict = _verdict_about(record, suspicion, close.get(of), rules.policy, stamp)
            if verdict.decision == "confirmed":
                found.add(of)
    return frozenset(found)


def _verdict_of(record: PictureRecord, suspicion: ThreatReport, policy: Policy) -> Verdict:
    """That on the thing which decides it: a confirmed one, else one that is open, else the first.

    Without anything of the kind, the suspicion is about the whole frame.
    """
    stamp = Stamp(model_sha256=record.model.sha256, decided_at=record.named.captured_at)
    if record.problem is not None:
        why = f"picture cannot be used: {record.problem.reason}: {record.problem.detail}"
        return inconclusive(suspicion, why, stamp)
    close = {one.of: one for one in record.close_ups}
    verdicts = [
        _verdict_about(
            record, suspicion.model_copy(update={"box": place}), close.get(of), policy, stamp
        )
        for of, place in _places(record, suspicion, policy.min_iou)
    ] or [_verdict_about(record, suspicion, None, policy, stamp)]
    return min(verdicts, key=lambda verdict: _ORDER[verdict.decision])


def _verdict_about(
    record: PictureRecord, report: ThreatReport, close: CloseUp | None, policy: Policy, stamp: Stamp
) -> Verdict:
    moment = record.named.captured_at
    seen = picture_detections(record.detections, record.width, record.height)
    whole = EvidenceView(seen=seen, moment=moment, close=False, place=report.box)
    if not second_views_needed(report, (whole,), policy):
        return confirm(report, (whole,), (), policy, stamp)
    if close is None:
        why = "the whole frame leaves it open and there is no close-up of it"
        return inconclusive(report, why, stamp)
    near = EvidenceView(
        seen=picture_detections(close.detections, close.width, close.height),
        moment=moment,
        close=True,
        region=close.region or ALL,
        place=None if close.region is None else report.box,
    )
    return confirm(report, (whole,), (near,), policy, stamp)


def _places(
    record: PictureRecord, suspicion: ThreatReport, min_iou: float
) -> Iterator[tuple[int, RelativeBox]]:
    """Number and place of every detection of the kind that is asked about, strongest first; a
    weaker one at the place of a stronger one is about the same thing, and answered with it."""
    reported_rows: list[DetectionRow] = []
    for number, row in enumerate(record.detections):
        if kind_of(row.label) == kind_of(suspicion.label):
            if any(same_place(row.box, one.box, min_iou) for one in reported_rows):
                continue
            reported_rows.append(row)
            x0, y0, x1, y1 = row.box
            width, height = record.width, record.height
            yield number, (_share(x0, width), _share(y0, height),
                           _share(x1, width), _share(y1, height))  # fmt: skip


def _share(at: float, side: int) -> float:
    return min(max(at / side, 0.0), 1.0)


def _hypothetical_report(
    record: PictureRecord, threat: Threat, number: int, rules: Rules
) -> ThreatReport:
    named = record.named
    evidence = EvidenceRef(
        role="best",
        key=evidence_key(ARCHIVE, named.device, named.captured_at, record.sha256),
        sha256=record.sha256,
        bytes=max(1, record.bytes),
        width=max(1, record.width),
        height=max(1, record.height),
        received_at=named.captured_at,
    )
    return ThreatReport(
        report_id=report_id(
            ARCHIVE, named.device, int(named.digest[:8] or "0", 16), named.unix_s, number
        ),
        gateway=ARCHIVE,
        camera=named.device,
        label=_LABELS[threat.kind],
        severity=threat.severity,
        raised_at=named.captured_at,
        box=(0.0, 0.0, 1.0, 1.0),
        scores=Scores(last=0.0, top=0.0, median=0.0),
        track=TrackFacts(id=0, age_s=0.0, displacement=0.0, stationary=False),
        rule=FiredRule(id=threat.kind, reasons=("archived picture",)),
        model_sha256=record.model.sha256,
        config_version="rules",
        config_sha256=rules.sha256,
        evidence=(evidence,),
    )
