"""What a simulated camera shows: a video, a folder of pictures, or one picture, as encoded bytes.

SHELL. Pictures are passed on byte for byte, broken ones too: a camera does not check what it sends.
Videos play in real time: at another rate than their own, frames are left out or sent again.
Called by `player`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2

VIDEOS = frozenset({".avi", ".mp4", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".ts"})
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".jfif"})

PictureStream = Callable[[], Iterator[bytes]]
"""Starts the source from its beginning."""


class PictureStreamError(Exception):
    """The source cannot be played; the text says which and what to do."""


def open_stream(source: Path, fps: float, quality: int) -> PictureStream:
    """The source as something to play (again and again), at `fps` pictures per second.

    `quality` is that of the JPEGs made of a video's frames. Raises `PictureStreamError` at once if
    there is nothing to play.
    """
    if source.is_dir():
        return _folder(source)
    if not source.is_file():
        raise PictureStreamError(f"{source}: no such file or folder")
    if source.suffix.lower() in VIDEOS:
        return _video(source, fps, quality)
    return lambda: iter((source.read_bytes(),))


def _folder(folder: Path) -> PictureStream:
    """The pictures of a folder in the order of their names."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    if not paths:
        raise PictureStreamError(f"{folder}: no picture in it ({' '.join(sorted(PICTURES))})")
    return lambda: (path.read_bytes() for path in paths)


def _video(path: Path, fps: float, quality: int) -> PictureStream:
    video = cv2.VideoCapture(str(path))
    readable, _ = video.read()
    video.release()
    if not readable:
        raise PictureStreamError(f"{path}: no frame of this video could be read")
    return lambda: _frames(path, fps, quality)


def _frames(path: Path, fps: float, quality: int) -> Iterator[bytes]:
    video = cv2.VideoCapture(str(path))
    own_fps = video.get(cv2.CAP_PROP_FPS) or fps
    due, picture, grabbed = 0.0, b"", 0
    try:
        while True:
            if int(due) >= grabbed:
                picture, grabbed = _advance(video, int(due) + 1 - grabbed, quality), int(due) + 1
            if not picture:
                return
            yield picture
            due += own_fps / fps
    finally:
        video.release()


def _advance(video: cv2.VideoCapture, steps: int, quality: int) -> bytes:
    """The frame `steps` further on as JPEG, or nothing at the end."""
    for _ in range(steps):
        if not video.grab():
            return b""
    ok, frame = video.retrieve()
    if not ok:
        return b""
    encoded, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes() if encoded else b""
