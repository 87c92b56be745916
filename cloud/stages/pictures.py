"""From a picture's bytes to its pixels, as every part of the cloud does it.

PURE. The header is held against the limits before a pixel is decoded. Called by the stages and by
`cloud.confirm.offline`.
"""

from __future__ import annotations

from imaging.admission import PictureLimits, Rejected, inspect
from imaging.decode import decode
from imaging.detections import Image


def image_of(picture: bytes, limits: PictureLimits) -> Image | Rejected:
    """The decoded picture, BGR, upright, or why there is none."""
    header = inspect(picture, limits)
    return header if isinstance(header, Rejected) else decode(picture, header)
