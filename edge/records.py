"""The records that travel a frame's path, from message to suspicion.

PURE. Times: `*_at` are aware UTC datetimes for people and the wire; `now` and `*_mono_s` are
seconds of a monotonic clock, from which alone durations are computed. Boxes are xyxy in pixels of
the original frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, NewType

import numpy as np
import numpy.typing as npt

from contract.ids import CameraId, ReportId
from imaging.admission import Header, Rejected
from imaging.detections import Detections, Image
from imaging.polygons import Box
from service.places import ZoneConfig

FrameSize = tuple[int, int]

TrackId = NewType("TrackId", int)
Mask = npt.NDArray[np.uint8]


def in_shares(box: Box, size: tuple[int, int]) -> Box:
    """`box` in pixels of a frame of `size` (width, height) as shares of the frame, not cut off."""
    return box[0] / size[0], box[1] / size[1], box[2] / size[0], box[3] / size[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a camera published, as it arrived; `name` is what the message calls it, if that says."""

    camera: CameraId
    topic: str
    payload: bytes
    received_at: datetime
    received_mono_s: float
    retained: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMessage:
    """The broker holds a picture's message until `acknowledge` is called: it was analysed, and what
    it raised is durable. `again`: it was delivered before under the same `message` id, and may have
    been analysed. `digest` is the SHA-256 of the picture, in hex. `begin` is asked before it is
    analysed; False if we ended too often while we did."""

    digest: str
    message: int
    again: bool
    acknowledge: Callable[[], None]
    begin: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An admitted picture: its header was checked, its pixels were not decoded yet.

    `captured_at` is the camera's claim, if it made one; `received_at` is ours. `held` if its loss
    with us would not be the end of it.
    """

    camera: CameraId
    picture: bytes
    header: Header
    received_at: datetime
    received_mono_s: float
    captured_at: datetime | None = None
    held: HeldMessage | None = field(default=None, compare=False, repr=False)

    @property
    def claim_behind_s(self) -> float | None:
        """Seconds by which the camera's claim lies before our receipt."""
        if self.captured_at is None:
            return None
        return (self.received_at - self.captured_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What the gate saw: moving regions (xyxy, pixels of the original frame) and their share.

    `moved` says whether the frame deserves detection; `why` names the reason (`motion`,
    `first_look`, `full_look`, `linger`, `light_change`, `off`) or what it was instead (`still`,
    `faint`, `same_picture`, a nuisance). `mask` is the whole frame made
    small, `(h, w) uint8`, 255 where it changed, read-only; None where nothing was compared.
    """

    moved: bool
    why: str
    regions: tuple[Box, ...]
    share: float
    mask: Mask | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """What was found out about a camera by looking: places that the gate masked by itself (xyxy,
    shares of the picture), and the width of its pixels in units of their height, where people look
    squeezed."""

    auto_masks: tuple[Box, ...] = ()
    proposed_pixel_aspect: float | None = None

    def as_json(self) -> dict[str, object]:
        """What there is to say."""
        masks = [[round(value, 3) for value in box] for box in self.auto_masks]
        said: dict[str, object] = {"auto_masks": masks} if masks else {}
        if self.proposed_pixel_aspect is not None:
            said["proposed_pixel_aspect"] = self.proposed_pixel_aspect
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """The gate let the frame end here."""

    motion: Motion


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """An object that the site's rules take for a threat, before it is packed for the cloud.
    `outlines` are the zones in which it stood or for which its rule asks."""

    report_id: ReportId
    camera: CameraId
    track: TrackId
    rule: str
    label: str
    score: float
    top_score: float
    median_score: float
    severity: int
    box: Box
    zones: tuple[str, ...]
    age_s: float
    displacement: float
    stationary: bool
    reasons: tuple[str, ...]
    raised_at: datetime
    audit: bool = False
    outlines: tuple[ZoneConfig, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """An object that a rule calls a threat, but so like what was reported `since_s` seconds ago
    that only the next report counts it."""

    camera: CameraId
    track: TrackId
    rule: str
    label: str
    box: Box
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedFrame:
    """A frame that was decoded once: its size, upright, and the width of its pixels in units of
    their height. The pixels are not kept."""

    frame: Frame
    width: int
    height: int
    aspect: float = 1.0


@dataclass(frozen=True, slots=True)
class BestFrame:
    """A frame that shows an object well: the object's box in it, its score there, how sharp it is.

    `sharpness` is 0..1, of the pixels in the box; `at_s` is monotonic seconds; `patch` is its place
    in the small grey picture of that frame, if that says anything.
    """

    decoded: DecodedFrame
    box: Box
    score: float
    at_s: float = 0.0
    sharpness: float = 1.0
    patch: npt.NDArray[np.uint8] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCandidate:
    """A suspicion with the frames that show it: `best` first in weight, `context` in time order.

    `best_box` is the object's box in `best` (pixels of that frame). `others` are further frames of
    the thing. `view` is the frame that shows the whole scene, where that is not the best one: the
    candidates of one event share it. `followed` objects may be seen again.
    """

    suspicion: Suspicion
    best: DecodedFrame
    best_box: Box
    context: tuple[DecodedFrame, ...]
    others: tuple[BestFrame, ...] = ()
    view: DecodedFrame | None = None
    followed: bool = False


class Check(NamedTuple):
    """One condition of a rule: a value held against its limit; `name` is the configuration's key.

    Numbers are compared by `sign`; of names (`in`) one of the value's must be among the limit's. A
    tuple, because in a busy scene a hundred are made per frame.
    """

    name: str
    what: str
    value: float | tuple[str, ...]
    sign: Literal[">=", "<=", "in"]
    limit: float | tuple[str, ...]
    passed: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """What one rule says about one object in one frame. It fires if every check is passed, and the
    checks are all the reasons there are. `track` is None for a single picture."""

    track: TrackId | None
    rule: str
    label: str
    box: Box
    night: bool
    checks: tuple[Check, ...]

    @property
    def fired(self) -> bool:
        return all(check.passed for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A detection that an object mask took out, and by which check."""

    mask: str
    label: str
    score: float
    box: Box
    check: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressedAlarm:
    """An alarm that was not raised because the object is known by its id to stand there, or an
    object that was not followed because there are too many."""

    object_id: str
    reason: Literal["reported", "static", "refuted", "too_many_tracks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysed:
    """The frame was looked at by the detector, in so many `inferences`. `detections` are without
    those `ignored`; `rule_results` are of every object seen and every rule that was asked, fired or
    not; `duplicates` fired without a candidate of their own, `suppressed` but for the memory of
    static objects had fired."""

    motion: Motion
    detections: Detections
    image: Image
    candidates: tuple[AlertCandidate, ...]
    rule_results: tuple[RuleResult, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    suppressed: tuple[SuppressedAlarm, ...] = ()
    inferences: int = 1


Outcome = Rejected | Quiet | Analysed
