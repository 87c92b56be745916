"""A close-up as the full model should look at it: enlarged a little, not without bounds.

PURE. A network enlarges what is smaller than its input, and five times enlarged a walker is a blur
that it never saw in training. So a small picture is laid in the middle of a grey one, which bounds
the enlargement, and what is seen is moved back. A network of a small input enlarges little by
itself and says so in its manifest. Called by `network`.
"""

from __future__ import annotations

import cv2
import numpy as np

from imaging.detections import Detections, Image

LEAST_PX = 384
"""Sides of the grey picture: with an input of 640 px a crop is enlarged 1.7 times at most. Figures
of 50 to 100 px were seen there that the same crop, enlarged four to five times, did not show."""

_GREY = (114, 114, 114)
"""With which the networks' letterboxes are padded, too."""

Offset = tuple[int, int]


def framed(image: Image, least_px: int = LEAST_PX) -> tuple[Image, Offset]:
    """`image`, with a frame where it is smaller than `least_px`, and where its corner lies then."""
    height, width = image.shape[:2]
    across, down = max(0, least_px - width), max(0, least_px - height)
    if not across and not down:
        return image, (0, 0)
    left, top = across // 2, down // 2
    padded = cv2.copyMakeBorder(
        image, top, down - top, left, across - left, cv2.BORDER_CONSTANT, value=_GREY
    )
    return np.asarray(padded, np.uint8), (left, top)


def unframed(found: Detections, offset: Offset) -> Detections:
    """What was seen in the framed picture, in pixels of the picture itself."""
    if offset == (0, 0):
        return found
    moved = found.boxes - np.array([*offset, *offset], np.float32)
    return Detections(
        boxes=moved.astype(np.float32), scores=found.scores.copy(), labels=found.labels
    )
