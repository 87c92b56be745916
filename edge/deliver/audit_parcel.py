"""A rejected motion event packed for the cloud: a report that says `audit`, and one picture.

PURE. The picture is the frame that showed most motion, reduced; the report's box is where things
moved in it. Severity, scores and track say nothing, as nothing was suspected. Called by the
analysis worker for each event that is audited.
"""

from __future__ import annotations

import cv2

from contract.ids import ReportId
from contract.report import FiredRule, Scores, ThreatReport, TrackFacts
from edge.config.audit import Audit
from edge.decide.audit import Shown
from edge.deliver.evidence import RESTORES, Origin, Parcel, item_of, relative
from edge.privacy import pixels
from imaging.admission import Rejected
from imaging.aspect import pixel_aspect
from imaging.crop import squared
from imaging.detections import Image

LABEL = "motion"
"""What was seen, as far as the edge can tell."""

RULE = "audit"


def pack_audit(
    report_id: ReportId, shown: Shown, lasted_s: float, origin: Origin, settings: Audit
) -> Parcel | None:
    """The parcel; None if the frame does not decode, as one that the gate only glanced at may."""
    frame = shown.frame
    image = pixels(frame, origin.privacy.of(frame.camera))
    if isinstance(image, Rejected):
        return None
    height, width = image.shape[:2]
    box = relative(shown.box or (0, 0, width, height), width, height)
    aspect = pixel_aspect(frame.header, shown.pixel_aspect, image.shape)
    jpeg, size = _reduced(squared(image, aspect), settings)
    ref, picture = item_of("best", frame, jpeg, size, origin)
    report = ThreatReport(
        report_id=report_id,
        gateway=origin.gateway,
        camera=frame.camera,
        label=LABEL,
        severity=0,
        audit=True,
        raised_at=frame.received_at,
        clocksync=origin.clocksync(),
        box=box,
        scores=Scores(last=0.0, top=0.0, median=0.0),
        track=TrackFacts(id=0, age_s=lasted_s, displacement=0.0, stationary=False),
        rule=FiredRule(
            id=RULE,
            reasons=(
                f"{lasted_s:.1f} s of motion in which nothing was suspected",
                f"drawn for the audit, which takes {100 * settings.share:g} % of such events",
            ),
        ),
        model_sha256=origin.model_sha256,
        config_version=origin.config_version,
        config_sha256=origin.config_sha256,
        evidence=(ref,),
        restores_left=RESTORES,
    )
    return Parcel(report=report, pictures=(picture,))


def _reduced(image: Image, settings: Audit) -> tuple[bytes, tuple[int, int]]:
    """JPEG bytes, width and height of `image`, at most `longest_side_px` long."""
    height, width = image.shape[:2]
    scale = min(1.0, settings.longest_side_px / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, settings.jpeg_quality])
    return encoded.tobytes(), size
