"""Reading the recording and writing the clips with OpenCV's own codecs.

SHELL. MPEG-4 part 2 in an MP4 file is what every build of OpenCV both writes and reads. Called by
`__main__` and by tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from imaging.detections import Image


class FootageError(Exception):
    """A video cannot be read or written; the text says which and what to do."""


def read_frames(path: Path, size: tuple[int, int], stride: int = 1) -> list[Image]:
    """Every `stride`-th frame of the video at `size` (width, height), BGR."""
    video = cv2.VideoCapture(str(path))
    frames: list[Image] = []
    for number in count():
        if not (video.isOpened() and video.grab()):
            break
        if number % stride:
            continue
        ok, frame = video.retrieve()
        if not ok:
            break
        shrunk = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        frames.append(np.asarray(shrunk, np.uint8))
    video.release()
    if not frames:
        raise FootageError(f"{path}: no frame could be read; is it a video?")
    return frames


def write_video(path: Path, frames: Iterable[Image], fps: int) -> int:
    """Write `frames` as MPEG-4 and return how many there were."""
    writer: cv2.VideoWriter | None = None
    written = 0
    for frame in frames:
        if writer is None:
            writer = _open_writer(path, (frame.shape[1], frame.shape[0]), fps)
        writer.write(frame)
        written += 1
    if writer is None:
        raise FootageError(f"{path}: there is no frame to write")
    writer.release()
    return written


def _open_writer(path: Path, size: tuple[int, int], fps: int) -> cv2.VideoWriter:
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, fps, size)
    if not writer.isOpened():
        raise FootageError(f"{path}: this build of OpenCV cannot write MPEG-4 there")
    return writer
