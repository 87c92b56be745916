"""Laying things onto a picture: soft edges, shadows, matched brightness.

PURE. Pictures are changed in place. A thing is a colour and a cover (0..255), placed by its
left top corner and cut at the picture's edges. Called by walkers and nuisances.
"""

from __future__ import annotations

import cv2
import numpy as np

from imaging.detections import Image
from tools.demo.footage.scene import PixelField
from tools.evaluation.compose.cutouts import Cutout, CutoutMask

SHADOW = 0.35
"""How much of the light the shadow under a person takes on an overcast day."""
MATCHED = (0.6, 1.35)
"""A thing is never made darker or brighter than this to suit its surroundings."""


def paste(picture: Image, cutout: Cutout, left: int, top: int) -> None:
    """Lay `cutout` onto `picture`."""
    height, width = picture.shape[:2]
    h, w = cutout.cover.shape
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + w, width), min(top + h, height)
    if x0 >= x1 or y0 >= y1:
        return
    part = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    share = cutout.cover[part][..., None].astype(np.uint16)
    under = picture[y0:y1, x0:x1].astype(np.uint16)
    mixed = (under * (255 - share) + cutout.colour[part].astype(np.uint16) * share + 127) // 255
    picture[y0:y1, x0:x1] = mixed.astype(np.uint8)


def scaled(cutout: Cutout, height: int, stretch: float = 1.0) -> Cutout:
    """The thing at `height` pixels, its width `stretch` times what it would be; colours near its
    edge are its own, not those of the ground that it was cut from."""
    h, w = cutout.cover.shape
    size = (max(2, round(w * stretch * height / h)), max(2, height))
    how = cv2.INTER_AREA if height < h else cv2.INTER_CUBIC
    share = cutout.cover[..., None].astype(np.float32) / 255
    weighted = cv2.resize(cutout.colour * share, size, interpolation=how)
    cover = np.clip(cv2.resize(share[..., 0], size, interpolation=how), 0, 1)
    colour = weighted / np.maximum(cover, 1e-2)[..., None]
    return Cutout(_levels(colour), _levels(np.asarray(255 * cover, np.float32)))


def flipped(cutout: Cutout) -> Cutout:
    return Cutout(np.ascontiguousarray(cutout.colour[:, ::-1]), cutout.cover[:, ::-1].copy())


def brightened(cutout: Cutout, factor: float, lift: float = 0.0) -> Cutout:
    """Each level times `factor` plus `lift`."""
    return Cutout(np.asarray(cv2.convertScaleAbs(cutout.colour, None, factor, lift)), cutout.cover)


def matching(picture: Image, x: float, y: float, reach: int, ground: float) -> float:
    """The factor that suits a thing cut from a scene of brightness `ground` to the surroundings of
    `x`, `y`. Half of the ratio (on a logarithmic scale): the other half is the ground's colour."""
    height, width = picture.shape[:2]
    rows = slice(max(0, round(y) - reach), max(1, min(height, round(y) + reach)))
    columns = slice(max(0, round(x) - reach), max(1, min(width, round(x) + reach)))
    around = picture[rows, columns]
    if not around.size:
        return 1.0
    return float(np.clip((float(around.mean()) / ground) ** 0.5, *MATCHED))


def shade(picture: Image, x: float, y: float, width: float, strength: float = SHADOW) -> None:
    """A soft shadow on the ground, `width` wide, under feet at `x`, `y`."""
    half_w, half_h = max(2, round(width)), max(1, round(width * 0.3))
    left, top = round(x) - half_w, round(y) - half_h
    cover = np.zeros((2 * half_h + 1, 2 * half_w + 1), np.float32)
    axes = (max(1, half_w // 2), max(1, half_h // 2))
    cv2.ellipse(cover, (half_w, half_h), axes, 0, 0, 360, (255 * strength,), cv2.FILLED)
    soft = cv2.GaussianBlur(cover, (0, 0), max(0.6, half_h / 3))
    paste(
        picture,
        Cutout(np.zeros((*cover.shape, 3), np.uint8), _levels(np.asarray(soft, np.float32))),
        left,
        top,
    )


def _levels(values: PixelField) -> CutoutMask:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
