"""Real frames to measure with, read before any clock runs.

A video or a folder of pictures: the shipped clip, or Debian's, or the models' own test pictures.
Frames keep the pixels that a camera took: larger ones are tiled from them, not blown up, because a
blurred picture decodes faster. Called by the command line.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from edge.replay.player import open_source
from imaging.detections import Image
from tools import CHECKOUT

SOURCES = (
    *sorted((CHECKOUT / "footage").glob("*walk*.mp4")),
    Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi"),
    CHECKOUT / "models" / "self_test",
)
MOST_FRAMES = 120
_QUALITY = 85
"""As cameras encode their pictures."""


def default_source() -> Path:
    """The first source that this machine has; the last ships with the code."""
    return next(path for path in SOURCES if path.exists())


def read_pictures(source: Path) -> tuple[bytes, ...]:
    """The first frames of `source` as encoded pictures."""
    return tuple(payload for _, payload in islice(open_source(source), MOST_FRAMES))


def at_size(pictures: tuple[bytes, ...], width: int, height: int) -> tuple[bytes, ...]:
    """JPEGs of `width` x `height`: shrunk where larger, tiled where smaller."""
    images = [cv2.imdecode(np.frombuffer(p, np.uint8), cv2.IMREAD_COLOR) for p in pictures[::15]]
    return tuple(_jpeg(_fill(np.asarray(image, np.uint8), width, height)) for image in images)


def _fill(image: Image, width: int, height: int) -> Image:
    across, down = -(-width // image.shape[1]), -(-height // image.shape[0])
    if across == down == 1:
        return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
    return np.ascontiguousarray(np.tile(image, (down, across, 1))[:height, :width])


def _jpeg(image: Image) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
