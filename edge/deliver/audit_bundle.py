"""What was rejected packed for the cloud: a report that says `audit`, and whole frames.

PURE. An audit asks what the edge overlooked, so it shows nothing as the edge saw it: the pictures
are the camera's own pixels (but for privacy masks), whatever their aspect is thought to be, of the
whole frame, at most reduced. Severity, scores and track say nothing, as nothing was suspected; the
report's box is where most moved, for workers that look nowhere else. Called by the analysis worker
for each that is audited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2

from contract.ids import ReportId
from contract.report import (
    EvidenceRef,
    FiredRule,
    RelativeBox,
    Sample,
    Scores,
    ThreatReport,
    TrackFacts,
)
from edge.audit.events import AuditSample, RejectedSegment
from edge.config.audit import AuditConfig
from edge.deliver.evidence import (
    RESTORES,
    Item,
    ReportBundle,
    ReportOrigin,
    Role,
    item_of,
    relative,
)
from edge.privacy import pixels
from edge.records import Frame
from imaging.admission import Rejected
from imaging.crop import reduced
from imaging.detections import Image

LABEL = "motion"
"""What was seen, as far as the edge can tell."""

RULE = "audit"

_SMALLER = 0.8
"""Of the longest side, until the pictures fit their bytes."""

_LEAST_PX = 160
"""Of the longest side: on less nobody could be found in a whole frame."""

_Picture = tuple[Frame, Image]


@dataclass(frozen=True, slots=True)
class _Encoding:
    """How the pictures are made: the longest side, and the quality of the JPEG."""

    longest_px: int
    quality: int


def pack_audit(
    one: RejectedSegment,
    audited: AuditSample,
    origin: ReportOrigin,
    settings: AuditConfig,
    most_bytes: int,
) -> ReportBundle | None:
    """The bundle, its pictures of at most `most_bytes` unless they are as small as they get; None
    if no frame decodes, as one that the gate only glanced at may."""
    decoded = ((frame, pixels(frame, origin.privacy.of(frame.camera))) for frame in audited.frames)
    pictures = [(frame, image) for frame, image in decoded if not isinstance(image, Rejected)]
    if not pictures:
        return None
    items = _fitting(pictures, origin, settings, most_bytes)
    shown, image = pictures[0]
    height, width = image.shape[:2]
    box = relative(audited.box or (0, 0, width, height), width, height)
    place = box if shown is audited.frames[0] else (0.0, 0.0, 1.0, 1.0)
    report = _report(one, audited.report_id, shown, place, origin, tuple(ref for ref, _ in items))
    stored = {picture.key: picture for _, picture in items}
    return ReportBundle(report=report, pictures=tuple(stored.values()))


def _fitting(
    pictures: list[_Picture], origin: ReportOrigin, settings: AuditConfig, most_bytes: int
) -> list[Item]:
    longest = max(max(image.shape[:2]) for _, image in pictures)
    encoding = _Encoding(min(longest, settings.longest_side_px), settings.jpeg_quality)
    while True:
        items = list(_items(pictures, origin, encoding))
        size = sum(ref.bytes for ref, _ in items)
        if size <= most_bytes or encoding.longest_px <= _LEAST_PX:
            return items
        smaller = max(_LEAST_PX, int(_SMALLER * encoding.longest_px))
        encoding = _Encoding(smaller, encoding.quality)


def _items(pictures: list[_Picture], origin: ReportOrigin, encoding: _Encoding) -> Iterator[Item]:
    """The first as the best, the others as context."""
    for number, (frame, image) in enumerate(pictures):
        small = reduced(image, encoding.longest_px)
        options = [cv2.IMWRITE_JPEG_QUALITY, encoding.quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        _, encoded = cv2.imencode(".jpg", small, options)
        role: Role = "context" if number else "best"
        size = int(small.shape[1]), int(small.shape[0])
        yield item_of(role, frame, encoded.tobytes(), size, origin)


def _report(
    one: RejectedSegment,
    report_id: ReportId,
    shown: Frame,
    box: RelativeBox,
    origin: ReportOrigin,
    evidence: tuple[EvidenceRef, ...],
) -> ThreatReport:
    return ThreatReport(
        report_id=report_id,
        gateway=origin.gateway,
        camera=one.camera,
        label=LABEL,
        severity=0,
        audit=True,
        raised_at=shown.received_at,
        clocksync=origin.clocksync(),
        box=box,
        scores=Scores(last=0.0, top=0.0, median=0.0),
        track=TrackFacts(id=0, age_s=one.lasted_s, displacement=0.0, stationary=False),
        rule=FiredRule(id=RULE, reasons=_reasons(one)),
        model_sha256=origin.model_sha256,
        config_version=origin.config_version,
        config_sha256=origin.config_sha256,
        profile=origin.profile,
        evidence=evidence,
        restores_left=RESTORES,
        sample=Sample(kind=one.kind, share=one.share, reported=tuple(sorted(one.reported))),
    )


def _reasons(one: RejectedSegment) -> tuple[str, str]:
    event = f"{one.lasted_s:.1f} s of motion in which "
    reported = (
        f"only this was reported: {', '.join(sorted(one.reported))}"
        if one.reported
        else "nothing was reported"
    )
    quiet = "a minute in which nothing moved for the gate"
    return (
        quiet if one.kind == "quiet" else event + reported,
        f"drawn for the audit with a probability of {100 * one.share:.3g} %",
    )
