"""The pictures that models are calibrated with, and those that they are checked on.

Calibration: every 60th frame of `vtest.avi`, a surveillance clip, then the package's photographs
that are large enough and not nearly flat. Check: other frames of the clip, which ship as JPEG.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from imaging.detections import Image
from imaging.letterbox import Letterbox, Resize, lay
from tools.build.models.fetch import FetchError

CLIP = "vtest.avi"
CALIBRATION_STEP = 60
LONGEST_CLIP = 100_000
CHECK_FRAMES = (30, 130, 230, 330, 430, 530, 630, 730)
"""None is a multiple of the step: no model is checked on what it was calibrated with."""
LEAST_SIDE_PX = 200
LEAST_DEVIATION = 20.0
"""Of grey levels: flatter ones are charts and patterns, not scenes."""
CALIBRATION_SHA256 = "c04626a07a3c043aa788bf0e2ef35eb00939cab008a2594983a2c1c94563e2b7"
"""Of the calibration pictures' files, in their order."""


def calibration_pictures(folder: Path) -> list[Image]:
    """BGR pictures from opencv-doc's examples in `folder`; raises FetchError if they differ."""
    photos = _photos(folder)
    found = _sha256([folder / CLIP, *photos])
    if found != CALIBRATION_SHA256:
        raise FetchError(
            f"{CLIP} and the {len(photos)} photographs of {folder} have sha256 {found}, pinned is "
            f"{CALIBRATION_SHA256}; they must be those of Debian's opencv-doc 4.6.0+dfsg-12"
        )
    return [
        *_frames(folder / CLIP, range(0, LONGEST_CLIP, CALIBRATION_STEP)),
        *photos.values(),
    ]


def check_pictures(folder: Path) -> dict[str, Image]:
    """Name and BGR picture of the frames that models are checked on, for the reference."""
    frames = _frames(folder / CLIP, CHECK_FRAMES)
    return {
        f"street-{number:03d}.jpg": frame
        for number, frame in zip(CHECK_FRAMES, frames, strict=True)
    }


def read_picture(path: Path) -> Image:
    """A BGR picture; raises FetchError."""
    picture = cv2.imread(str(path))
    if picture is None:
        raise FetchError(f"{path} is missing or no picture")
    return np.asarray(picture, np.uint8)


def _frames(clip: Path, wanted: Sequence[int]) -> Iterator[Image]:
    """The frames with the `wanted` numbers. The clip is read through, for seeking is inexact."""
    chosen = frozenset(wanted)
    capture = cv2.VideoCapture(str(clip))
    number = 0
    while True:
        there, frame = capture.read()
        if not there:
            break
        if number in chosen:
            yield np.asarray(frame, np.uint8)
        number += 1
    capture.release()


def _photos(folder: Path) -> dict[Path, Image]:
    paths = sorted((*folder.glob("*.jpg"), *folder.glob("*.png")))
    read = ((path, cv2.imread(str(path))) for path in paths)
    return {
        path: np.asarray(picture, np.uint8)
        for path, picture in read
        if picture is not None
        and min(picture.shape[:2]) >= LEAST_SIDE_PX
        and float(picture.std()) > LEAST_DEVIATION
    }


def _sha256(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


GREY = 114
"""As the manifests pad; a constant of its own, since the recipe must not follow the product."""


def rgb_canvas(picture: Image, side_px: int, resize: Resize) -> tuple[Image, Letterbox]:
    """A BGR picture as `(side_px, side_px, 3) uint8 RGB`, and how to come back.

    By OpenCV's own interpolation, which is part of the recipe: the product's letterbox is a faster
    approximation and may change; calibration and reference must not change with it.
    """
    rows, columns = picture.shape[:2]
    box = lay(columns, rows, side_px, side_px, resize)
    size = (round(columns * box.scale_x), round(rows * box.scale_y))
    shrinks = box.scale_x * box.scale_y < 1
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    fitted = cv2.cvtColor(cv2.resize(picture, size, interpolation=how), cv2.COLOR_BGR2RGB)
    canvas = np.full((side_px, side_px, 3), GREY, np.uint8)
    top, left = box.offset_y, box.offset_x
    canvas[top : top + size[1], left : left + size[0]] = fitted
    return canvas, box
