"""What is known of a picture before it is decoded, and why one is refused.

PURE records, shared by the walkers (`jpeg`, `png`), `admission` and `decode`; the rest of the
program takes them from `imaging.admission`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Reason(StrEnum):
    """Why a message or picture was refused; the name under which it is counted."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    UNSUPPORTED_TYPE = "unsupported_type"
    BAD_BASE64 = "bad_base64"
    BAD_JSON = "bad_json"
    NO_IMAGE_IN_JSON = "no_image_in_json"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    ZERO_SIZE = "zero_size"
    TOO_SMALL = "too_small"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_SCANS = "too_many_scans"
    UNSUPPORTED_CODING = "unsupported_coding"
    STALE = "stale"
    UNDECODABLE = "undecodable"
    CHUNK_ORDER = "chunk_order"
    CHUNK_TIMEOUT = "chunk_timeout"
    RETAINED = "retained"
    DISABLED = "disabled"
    UNKNOWN_CAMERA = "unknown_camera"
    TOO_MANY_CAMERAS = "too_many_cameras"
    INFERENCE_FAILED = "inference_failed"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal: the counted reason, and the finding in words for the log."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a picture says of itself.

    `width` and `height` are as stored, before any EXIF orientation; `bits` per component;
    `components` as stored (a PNG palette counts 1). `progressive` and `scans` speak of JPEG (a PNG
    has one scan; `progressive` says it is interlaced). `eoi_missing`: the last two bytes of a JPEG,
    or the last chunk of a PNG, are absent. `pixel_aspect` is the width of a stored pixel in units
    of its height as a JPEG's JFIF segment gives it, None where it gives no ratio but 1.
    `orientation` is EXIF's, 1 to 8; `arithmetic` says how a JPEG's coefficients are coded.
    """

    kind: Literal["jpeg", "png"]
    width: int
    height: int
    components: int
    bits: int
    progressive: bool
    scans: int
    eoi_missing: bool
    pixel_aspect: float | None = None
    orientation: int = 1
    arithmetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """What a picture may claim before it is decoded; sides and pixels as stored."""

    max_bytes: int
    max_pixels: int
    min_side_px: int
    max_side_px: int
    max_scans: int
