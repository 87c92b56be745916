"""A case packed for the cloud: the report, and the pictures that it names.

PURE. Whole frames keep the bytes that the camera sent if those are JPEG, so what is confirmed is
what was seen; the crop of the thing is cut from the decoded best frame. Pictures are named by the
hash of their bytes, so the same frame is stored once. Called by the analysis worker per case.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import cv2

from contract.ids import GatewayId
from contract.keys import evidence_key
from contract.report import (
    EvidenceRef,
    FiredRule,
    RelativeBox,
    Scores,
    ThreatReport,
    TrackFacts,
)
from edge.config.schema import Evidence
from edge.records import Box, Case, Shot
from imaging.admission import Rejected
from imaging.crop import cut
from imaging.decode import decode
from imaging.detections import Image

# With 16 pictures these keep a report far below the 64 KiB of the wire, whatever it says.
_MAX_REASONS = 16
_MAX_REASON_CHARS = 200
_MAX_ZONES = 64
_MAX_NAME_CHARS = 100

Role = Literal["best", "crop", "context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What every report of a running gateway says about where it comes from."""

    gateway: GatewayId
    model_sha256: str
    config_version: str
    config_sha256: str
    evidence: Evidence
    clocksync: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG and the object key under which the cloud will find it."""

    key: str
    sha256: str
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A report with the pictures it names, each once."""

    report: ThreatReport
    pictures: tuple[Picture, ...]


def pack(case: Case, origin: Origin) -> Parcel:
    """Best frame, crop and context of `case`, in that order in the report's evidence.

    Raises `ValueError` if the best frame cannot be decoded, which it was before it came here.
    """
    image = decode(case.best.frame.picture, case.best.frame.header)
    if isinstance(image, Rejected):
        raise ValueError(f"best frame of {case.suspicion.report_id}: {image.detail}")
    quality = origin.evidence.jpeg_quality
    crop = cut(image, case.best_box, origin.evidence.crop_margin)
    items = [_item("best", case.best, _as_jpeg(case.best, image, quality), origin)]
    height, width = crop.shape[:2]
    items.append(_item("crop", case.best, _encode(crop, quality), origin, (width, height)))
    items += _context(case, origin, known=items[0][1].sha256)
    pictures = {picture.key: picture for _, picture in items}
    report = _report(case, origin, tuple(ref for ref, _ in items))
    return Parcel(report=report, pictures=tuple(pictures.values()))


def relative(box: Box, width: int, height: int) -> RelativeBox:
    """`box` in pixels as shares of the frame, cut off at its edges."""
    x0, y0, x1, y1 = box
    left, top = _share(x0, width), _share(y0, height)
    return left, top, max(left, _share(x1, width)), max(top, _share(y1, height))


def _share(value: float, size: int) -> float:
    return round(min(max(value / size, 0.0), 1.0), 6)


def _context(case: Case, origin: Origin, known: str) -> list[tuple[EvidenceRef, Picture]]:
    """The newest context frames in time order, without those whose bytes are there already."""
    seen, items = {known}, []
    for shot in case.context:
        item = _context_item(shot, origin)
        if item is not None and item[1].sha256 not in seen:
            seen.add(item[1].sha256)
            items.append(item)
    return items[max(0, len(items) - origin.evidence.context_frames) :]


def _context_item(shot: Shot, origin: Origin) -> tuple[EvidenceRef, Picture] | None:
    """None for a frame that is no JPEG and cannot be made one."""
    if shot.frame.header.kind == "jpeg":
        return _item("context", shot, shot.frame.picture, origin)
    image = decode(shot.frame.picture, shot.frame.header)
    if isinstance(image, Rejected):
        return None
    return _item("context", shot, _encode(image, origin.evidence.jpeg_quality), origin)


def _as_jpeg(shot: Shot, image: Image, quality: int) -> bytes:
    """The camera's own bytes if they are JPEG, else `image` encoded."""
    return shot.frame.picture if shot.frame.header.kind == "jpeg" else _encode(image, quality)


def _encode(image: Image, quality: int) -> bytes:
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def _item(
    role: Role, shot: Shot, jpeg: bytes, origin: Origin, size: tuple[int, int] | None = None
) -> tuple[EvidenceRef, Picture]:
    width, height = size or (shot.width, shot.height)
    sha256 = hashlib.sha256(jpeg).hexdigest()
    frame = shot.frame
    key = evidence_key(origin.gateway, frame.camera, frame.received_at, sha256)
    ref = EvidenceRef(
        role=role,
        key=key,
        sha256=sha256,
        bytes=len(jpeg),
        width=width,
        height=height,
        captured_at=frame.captured_at,
        received_at=frame.received_at,
    )
    return ref, Picture(key=key, sha256=sha256, jpeg=jpeg)


def _report(case: Case, origin: Origin, evidence: tuple[EvidenceRef, ...]) -> ThreatReport:
    suspicion = case.suspicion
    return ThreatReport(
        report_id=suspicion.report_id,
        gateway=origin.gateway,
        camera=suspicion.camera,
        label=suspicion.label[:_MAX_NAME_CHARS],
        severity=suspicion.severity,
        audit=suspicion.audit,
        raised_at=suspicion.raised_at,
        clocksync=origin.clocksync,
        box=relative(case.best_box, case.best.width, case.best.height),
        scores=Scores(last=suspicion.score, top=suspicion.top_score, median=suspicion.median_score),
        zones=suspicion.zones[:_MAX_ZONES],
        track=TrackFacts(
            id=suspicion.track,
            age_s=suspicion.age_s,
            displacement=suspicion.displacement,
            stationary=suspicion.stationary,
        ),
        rule=FiredRule(
            id=suspicion.rule,
            reasons=tuple(text[:_MAX_REASON_CHARS] for text in suspicion.reasons[:_MAX_REASONS]),
        ),
        model_sha256=origin.model_sha256,
        config_version=origin.config_version[:_MAX_NAME_CHARS],
        config_sha256=origin.config_sha256,
        evidence=evidence,
    )
