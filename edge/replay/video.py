"""Writes a replay as a video, for people.

SHELL (writes a file). Every frame of the source is one of the video, also those that have no
pixels: they are dark, with the reason under them. The size is that of the first picture; others are
fitted into it. Called by the subcommand `replay`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np

from edge.config.schema import CameraConfig
from edge.replay.drawing import framed
from edge.replay.overlay import Overlay
from edge.replay.player import ReplayStep, SourceError
from imaging.detections import Image

ENCODERS: Mapping[str, str] = MappingProxyType(
    {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".avi": "MJPG", ".mkv": "MJPG"}
)
"""FourCC by the file's extension: what OpenCV's own packages can write everywhere."""

SLOWEST_FPS, FASTEST_FPS = 1.0, 60.0
"""What players show well; footage in another rhythm is shown slower or faster than it was."""

_DARK = (480, 640)
"""Height and width where no frame has any pixels."""


class VideoWriter:
    """A video at `path` in the making, of frames that come `fps` times per second."""

    def __init__(self, path: Path, fps: float, settings: CameraConfig) -> None:
        """Raises `SourceError` if nothing can be written there."""
        encoder = ENCODERS.get(path.suffix.lower())
        if encoder is None:
            raise SourceError(
                f"{path}: no encoder for {path.suffix or 'a name without an extension'}: "
                f"use {', '.join(sorted(ENCODERS))}"
            )
        if not path.parent.is_dir():
            raise SourceError(f"{path} cannot be written: there is no folder {path.parent}")
        if path.is_dir():
            raise SourceError(f"{path} cannot be written: it is a folder")
        self._path, self._fourcc = path, cv2.VideoWriter.fourcc(*encoder)
        self._fps = min(max(fps, SLOWEST_FPS), FASTEST_FPS)
        self._overlay = Overlay(settings)
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._waiting: list[ReplayStep] = []
        self._written = 0

    def add(self, step: ReplayStep) -> None:
        """The next frame; raises `SourceError` where the encoder does not take it."""
        self._overlay.add(step)
        image = self._overlay.frame(step)
        if image is None and self._writer is None:
            self._waiting.append(step)
            return
        if self._writer is None and image is not None:
            self._open((int(image.shape[1]), int(image.shape[0])))
        self._write(self._dark(step) if image is None else framed(image, self._size))

    def close(self) -> None:
        """The file is whole; raises `SourceError` if it is not, as on a full disk."""
        if self._writer is None and self._waiting:
            height, width = _DARK
            self._open((width, height + len(self._overlay.panel(self._waiting[0], width))))
        if self._writer is None:
            return
        self._writer.release()
        capture = cv2.VideoCapture(str(self._path))
        frames = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        capture.release()
        if frames < self._written:
            raise SourceError(
                f"{self._path} holds {frames} of {self._written} frames: is the disk full?"
            )

    def _open(self, size: tuple[int, int]) -> None:
        """Begins the file, with the frames that came before its size was known."""
        self._size = (size[0] + size[0] % 2, size[1] + size[1] % 2)
        writer = cv2.VideoWriter(str(self._path), self._fourcc, self._fps, self._size, isColor=True)
        if not writer.isOpened():
            raise SourceError(
                f"{self._path} cannot be written as {self._size[0]}x{self._size[1]} at "
                f"{self._fps:g} frames/s: try {' or '.join(sorted(ENCODERS))}, or another folder"
            )
        self._writer = writer
        for step in self._waiting:
            self._write(self._dark(step))
        self._waiting = []

    def _dark(self, step: ReplayStep) -> Image:
        width, height = self._size
        panel = self._overlay.panel(step, width)
        top = np.zeros((max(0, height - len(panel)), width, 3), np.uint8)
        return framed(np.asarray(np.vstack([top, panel]), np.uint8), self._size)

    def _write(self, image: Image) -> None:
        if self._writer is not None:
            self._writer.write(image)
            self._written += 1
