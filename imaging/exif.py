"""The one fact of EXIF that pixels need: how the picture was held.

PURE. Only the orientation in the first directory is read; the decoder is given no EXIF at all,
since OpenCV copies every text that a table names, as often as it names it. Constant memory, at most
some thousand entries, never raises. Source: EXIF 2.32, 4.6.4 (tag 0x0112). Called by the walkers.
"""

from __future__ import annotations

import struct
from typing import Literal

import cv2
import numpy as np

from imaging.detections import Image

MAX_BYTES = 65_533
"""As much as a JPEG segment can hold; of more, only so much is looked at."""

_ORIENTATION = 0x0112
_ENTRY_BYTES = 12
_ORDERS: dict[bytes, Literal["<", ">"]] = {b"II*\0": "<", b"MM\0*": ">"}


def orientation(tiff: bytes) -> int:
    """1 to 8 as `tiff` (EXIF without its JPEG prefix) says; 1 where it says nothing usable."""
    tiff = tiff[:MAX_BYTES]
    order = _ORDERS.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    if at + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(order + "H", tiff, at)
    tag = struct.pack(order + "H", _ORIENTATION)
    first = at + 2
    last = min(first + count * _ENTRY_BYTES, len(tiff) - _ENTRY_BYTES + 1)
    for entry in range(first, last, _ENTRY_BYTES):
        if tiff[entry : entry + 2] == tag:
            (value,) = struct.unpack_from(order + "H", tiff, entry + 8)
            return value if 1 <= value <= 8 else 1
    return 1


def upright(image: Image, orientation: int) -> Image:
    """`image` as it was seen; 5 to 8 swap width and height."""
    if orientation == 1:
        return image
    if orientation >= 5:
        image = np.asarray(cv2.transpose(image), np.uint8)
    # what follows the transposition: about the vertical axis, both, the horizontal one
    flips = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}
    code = flips.get(orientation)
    return image if code is None else np.asarray(cv2.flip(image, code), np.uint8)
