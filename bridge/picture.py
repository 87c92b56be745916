"""From a decoded frame, or a camera's own JPEG, to the JPEG that is sent on.

Frames are scaled to square pixels and at most `width_px`, then encoded. A camera's JPEG is held
against the limits by its header and goes on untouched where it is no wider than asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import av
import cv2
import numpy as np

from imaging.admission import Header, PictureLimits, Reason, Rejected, inspect
from imaging.decode import decode
from imaging.detections import Image

MIN_SIDE_PX, MAX_SIDE_PX, MAX_SCANS = 32, 8192, 64


class Ready(Enum):
    """A source that works, though nothing came yet."""

    READY = "ready"


SourceItem = bytes | Rejected | Ready
"""What a source gives: a JPEG, why there is none, or that it waits for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegFormat:
    """How pictures leave: `width_px` None keeps the width."""

    width_px: int | None
    quality: int
    limits: PictureLimits


def jpeg_format_of(
    width_px: int | None, quality: int, max_bytes: int, max_pixels: int
) -> JpegFormat:
    """With the limits that the configuration does not name."""
    limits = PictureLimits(
        max_bytes=max_bytes,
        max_pixels=max_pixels,
        min_side_px=MIN_SIDE_PX,
        max_side_px=MAX_SIDE_PX,
        max_scans=MAX_SCANS,
    )
    return JpegFormat(width_px=width_px, quality=quality, limits=limits)


def from_frame(frame: av.VideoFrame, squeeze: float, jpeg_format: JpegFormat) -> bytes | Rejected:
    """A video frame as JPEG; `squeeze` is the width of its pixels in units of their height."""
    if frame.width * frame.height > jpeg_format.limits.max_pixels:
        return Rejected(Reason.TOO_MANY_PIXELS, f"{frame.width}x{frame.height}")
    width, height = _size(frame.width, frame.height, squeeze, jpeg_format.width_px)
    pixels = frame.to_ndarray(format="bgr24", width=width, height=height)
    return _encoded(np.asarray(pixels, np.uint8), jpeg_format)


def from_jpeg(data: bytes, jpeg_format: JpegFormat) -> bytes | Rejected:
    """A camera's own picture (JPEG or PNG), reduced only if it is wider than asked."""
    header = inspect(data, jpeg_format.limits)
    if (
        isinstance(header, Rejected)
        or jpeg_format.width_px is None
        or header.width <= jpeg_format.width_px
    ):
        return header if isinstance(header, Rejected) else data
    return _reduced(data, header, jpeg_format)


def _reduced(data: bytes, header: Header, jpeg_format: JpegFormat) -> bytes | Rejected:
    image = decode(data, header)
    if isinstance(image, Rejected):
        return image
    rows, columns = image.shape[:2]
    size = _size(columns, rows, 1.0, jpeg_format.width_px)
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return _encoded(np.asarray(resized, np.uint8), jpeg_format)


def _size(width: int, height: int, squeeze: float, most_px: int | None) -> tuple[int, int]:
    """Width and height with square pixels, at most `most_px` wide, even as video formats want."""
    wide = width * squeeze if 0.2 <= squeeze <= 5 else float(width)
    factor = min(1.0, most_px / wide) if most_px else 1.0
    return max(2, round(wide * factor / 2) * 2), max(2, round(height * factor / 2) * 2)


def _encoded(image: Image, jpeg_format: JpegFormat) -> bytes | Rejected:
    _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, jpeg_format.quality))
    jpeg = data.tobytes()
    header = inspect(jpeg, jpeg_format.limits)
    return header if isinstance(header, Rejected) else jpeg
