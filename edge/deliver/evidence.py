"""An alert candidate packed for the cloud: the report, and the pictures that it names.

PURE. What decides is small: square crops of the thing at native resolution, from frames of
different moments. The scene around it is one whole view per event, reduced unless `whole: full`,
which sends the camera's own bytes where no privacy
mask lies on them. Pictures are named by the hash of their bytes, so what several
reports show is stored, and sent, once. Called by the analysis worker per candidate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2

from contract.ids import CameraId, GatewayId
from contract.keys import evidence_key
from contract.labels import group_of
from contract.report import (
    EvidenceRef,
    FiredRule,
    RelativeBox,
    Scores,
    ThreatReport,
    TrackFacts,
    ZoneOutline,
)
from edge.config.schema import EvidenceConfig
from edge.privacy import Privacy, pixels
from edge.records import AlertCandidate, BestFrame, DecodedFrame, Frame
from imaging.admission import Rejected
from imaging.crop import cut, reduced, square, squared
from imaging.detections import Image
from imaging.polygons import Box
from service.places import ZoneConfig

# With 16 pictures these keep a report far below the 64 KiB of the wire, whatever it says.
_MAX_REASONS = 16
_MAX_REASON_CHARS = 200
_MAX_ZONES = 64
_MAX_OUTLINES = 8
_MAX_NAME_CHARS = 100
_MAX_PICTURES = 16

_LARGE = 0.15
_LARGE_MARGIN = 2.0
"""Share of the picture's longer side from which a vehicle is large, and what is shown around it, in
its longer sides. To cars of 110 to 290 px from above the full model gave 0.18 to 0.50 in a crop of
0.6 in 256 px, and 0.27 to 0.68 in this; to persons it gave the same in both."""

Role = Literal["best", "crop", "context"]


RESTORES = 2
"""How often the cloud may ask for a report's pictures again: once may cross with another answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOrigin:
    """What every report of a running gateway says about where it comes from; `clocksync` is
    whether its times can be trusted, at the moment when it is asked."""

    gateway: GatewayId
    model_sha256: str
    config_version: str
    config_sha256: str
    evidence: EvidenceConfig
    privacy: Privacy
    profile: str | None = None
    clocksync: Callable[[], bool] = lambda: True
    on_test: Callable[[CameraId], bool] = lambda _camera: False
    """Whether somebody tests the alarms of a camera now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePicture:
    """A JPEG and the object key under which the cloud will find it."""

    key: str
    sha256: str
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportBundle:
    """A report with the pictures it names, each once."""

    report: ThreatReport
    pictures: tuple[EvidencePicture, ...]


Item = tuple[EvidenceRef, EvidencePicture]


def pack(candidate: AlertCandidate, origin: ReportOrigin) -> ReportBundle:
    """View, crops and context of `candidate`, in that order in the report's evidence.

    Raises `ValueError` if the best frame cannot be decoded, which it was before it came here.
    """
    best = BestFrame(candidate.best, candidate.best_box, 0.0)
    label = candidate.suspicion.label
    items = [*_whole(candidate, origin), *_crop(best, origin, label)]
    if not any(ref.role == "crop" for ref, _ in items):
        raise ValueError(f"best frame of {candidate.suspicion.report_id} cannot be decoded")
    items += [item for best_frame in candidate.others for item in _crop(best_frame, origin, label)]
    items += _context(candidate, origin, known={picture.sha256 for _, picture in items})
    pictures = {picture.key: picture for _, picture in items}
    report = _report(candidate, origin, tuple(ref for ref, _ in items))
    return ReportBundle(report=report, pictures=tuple(pictures.values()))


def extended(
    report: ThreatReport, best_frame: BestFrame | None, origin: ReportOrigin
) -> ReportBundle:
    """`report` with one more crop, or with the word that there is none; only what is new in it."""
    more = best_frame is not None and len(report.evidence) < _MAX_PICTURES
    items = _crop(best_frame, origin, report.label) if best_frame is not None and more else []
    changes = {
        "evidence": (*report.evidence, *(ref for ref, _ in items)),
        "requests_left": report.requests_left - 1 if items else 0,
    }
    pictures = tuple(picture for _, picture in items)
    return ReportBundle(report=report.model_copy(update=changes), pictures=pictures)


def relative(box: Box, width: int, height: int) -> RelativeBox:
    """`box` in pixels as shares of the frame, cut off at its edges."""
    x0, y0, x1, y1 = box
    left, top = _share(x0, width), _share(y0, height)
    return left, top, max(left, _share(x1, width)), max(top, _share(y1, height))


def _share(value: float, size: int) -> float:
    return round(min(max(value / size, 0.0), 1.0), 6)


def _whole(candidate: AlertCandidate, origin: ReportOrigin) -> list[Item]:
    """The view of the scene: `best` if it is the frame that decides, else `context`."""
    if origin.evidence.whole == "none":
        return []
    if candidate.view is None or same_frame(candidate.view, candidate.best):
        box = relative(candidate.best_box, candidate.best.width, candidate.best.height)
        return _scene("best", candidate.best, origin, box)
    return _scene("context", candidate.view, origin)


def _crop(best_frame: BestFrame, origin: ReportOrigin, label: str) -> list[Item]:
    """The square around the thing; nothing of a frame that does not decode."""
    evidence, decoded = origin.evidence, best_frame.decoded
    image = pixels(decoded.frame, origin.privacy.of(decoded.frame.camera))
    if isinstance(image, Rejected):
        return []
    margin, most_px = _framing(best_frame.box, decoded, evidence, label)
    region = square((decoded.width, decoded.height), best_frame.box, margin, decoded.aspect)
    crop = cut(image, region, most_px, decoded.aspect)
    jpeg = _encode(crop, evidence.jpeg_quality)
    x0, y0, x1, y1 = (float(side) for side in region)
    shown = relative((x0, y0, x1, y1), decoded.width, decoded.height)
    box = relative(best_frame.box, decoded.width, decoded.height)
    return [item_of("crop", decoded.frame, jpeg, _size(crop), origin, region=shown, box=box)]


def _framing(
    box: Box, decoded: DecodedFrame, evidence: EvidenceConfig, label: str
) -> tuple[float, int]:
    """Margin and longest side of a crop. A large vehicle is shown with much around it and as large
    as the scene: cut close and reduced to a small crop, it is seen at half its score."""
    longer = max((box[2] - box[0]) * decoded.aspect, box[3] - box[1])
    large = longer > _LARGE * max(decoded.width * decoded.aspect, decoded.height)
    if not large or group_of(label) != "vehicle":
        return evidence.crop_margin, evidence.crop_max_px
    return max(evidence.crop_margin, _LARGE_MARGIN), max(evidence.crop_max_px, evidence.whole_px)


def _context(candidate: AlertCandidate, origin: ReportOrigin, known: set[str]) -> list[Item]:
    """The newest context frames in time order, without those whose bytes are there already."""
    items: dict[str, Item] = {}
    for decoded in candidate.context:
        for ref, picture in _scene("context", decoded, origin):
            if picture.sha256 not in known:
                items.setdefault(picture.sha256, (ref, picture))
    return list(items.values())[max(0, len(items) - origin.evidence.context_frames) :]


def _scene(
    role: Role, decoded: DecodedFrame, origin: ReportOrigin, box: RelativeBox | None = None
) -> list[Item]:
    """The whole frame: the camera's own JPEG if `full` and nothing is masked, else encoded; nothing
    if it is damaged."""
    evidence, frame = origin.evidence, decoded.frame
    masks = origin.privacy.of(frame.camera)
    if evidence.whole == "full" and frame.header.kind == "jpeg" and not masks:
        return [
            item_of(role, frame, frame.picture, (decoded.width, decoded.height), origin, box=box)
        ]
    image = pixels(frame, masks)
    if isinstance(image, Rejected):
        return []
    if evidence.whole == "full":
        jpeg = _encode(image, evidence.jpeg_quality)
        return [item_of(role, frame, jpeg, _size(image), origin, box=box)]
    small = reduced(squared(image, decoded.aspect), evidence.whole_px)
    return [
        item_of(role, frame, _encode(small, evidence.whole_quality), _size(small), origin, box=box)
    ]


def same_frame(a: DecodedFrame, b: DecodedFrame) -> bool:
    """Whether both are the same message of the camera."""
    return a.frame is b.frame or (
        a.frame.received_at == b.frame.received_at and a.frame.picture == b.frame.picture
    )


def _size(image: Image) -> tuple[int, int]:
    return int(image.shape[1]), int(image.shape[0])


def _encode(image: Image, quality: int) -> bytes:
    """JPEG with Huffman tables of its own, which for pictures this small are a tenth of them."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    _, encoded = cv2.imencode(".jpg", image, options)
    return encoded.tobytes()


def item_of(
    role: Role,
    frame: Frame,
    jpeg: bytes,
    size: tuple[int, int],
    origin: ReportOrigin,
    *,
    region: RelativeBox | None = None,
    box: RelativeBox | None = None,
) -> Item:
    """What of `frame` travels as `jpeg`, `size` being its width and height in pixels."""
    sha256 = hashlib.sha256(jpeg).hexdigest()
    key = evidence_key(origin.gateway, frame.camera, frame.received_at, sha256)
    ref = EvidenceRef(
        role=role,
        key=key,
        sha256=sha256,
        bytes=len(jpeg),
        width=size[0],
        height=size[1],
        masked=bool(origin.privacy.of(frame.camera)),
        captured_at=frame.captured_at,
        received_at=frame.received_at,
        region=region,
        box=box,
    )
    return ref, EvidencePicture(key=key, sha256=sha256, jpeg=jpeg)


def _outline(zone: ZoneConfig) -> ZoneOutline:
    corners = tuple((round(x, 4), round(y, 4)) for x, y in zone.polygon)
    return ZoneOutline(id=zone.id, corners=corners)


def _report(
    candidate: AlertCandidate, origin: ReportOrigin, evidence: tuple[EvidenceRef, ...]
) -> ThreatReport:
    suspicion, test = candidate.suspicion, origin.on_test(candidate.suspicion.camera)
    return ThreatReport(
        report_id=suspicion.report_id,
        gateway=origin.gateway,
        camera=suspicion.camera,
        label=suspicion.label[:_MAX_NAME_CHARS],
        severity=0 if test else suspicion.severity,
        audit=suspicion.audit or test,
        test=test,
        raised_at=suspicion.raised_at,
        clocksync=origin.clocksync(),
        box=relative(candidate.best_box, candidate.best.width, candidate.best.height),
        scores=Scores(last=suspicion.score, top=suspicion.top_score, median=suspicion.median_score),
        zones=suspicion.zones[:_MAX_ZONES],
        outlines=tuple(map(_outline, suspicion.outlines[:_MAX_OUTLINES])),
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
        profile=origin.profile,
        evidence=evidence,
        requests_left=origin.evidence.requests if candidate.followed else 0,
        restores_left=RESTORES,
    )
