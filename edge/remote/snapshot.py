"""A camera's last picture, for whoever may ask for it.

SHELL (a lock). The newest frame of each camera is kept while snapshots are allowed, the oldest go
where together they are too large. Privacy masks are black in what leaves, as in everything.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable

import cv2

from contract.ids import CameraId
from contract.request import MAX_DATA_BYTES
from edge.config.schema import EdgeConfig
from edge.privacy import pixels, privacy_of
from edge.records import Frame
from imaging.admission import Rejected
from imaging.crop import reduced
from imaging.detections import Image

MOST_KEPT_BYTES = 33_554_432
MOST_BYTES = (MAX_DATA_BYTES - 500) * 3 // 4
"""Of a JPEG: an answer carries it in base64, beside some facts."""

_QUALITIES = (80, 60, 40, 25)


class LastFrames:
    """The newest frame of each camera."""

    def __init__(self, config: Callable[[], EdgeConfig]) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._frames: dict[CameraId, Frame] = {}

    def keep(self, frame: Frame) -> None:
        """Any analysis thread, of each frame that it looks at."""
        if "snapshot" not in self._config().remote.allow:
            if self._frames:
                with self._lock:
                    self._frames.clear()
            return
        with self._lock:
            self._frames.pop(frame.camera, None)
            self._frames[frame.camera] = frame
            total = sum(len(one.picture) for one in self._frames.values())
            for camera in list(self._frames)[:-1]:
                if total <= MOST_KEPT_BYTES:
                    break
                total -= len(self._frames.pop(camera).picture)

    def forget(self, camera: CameraId) -> None:
        """It is followed no more."""
        with self._lock:
            self._frames.pop(camera, None)

    def of(self, camera: CameraId) -> Frame | None:
        """None if nothing came since the start, or since snapshots were allowed."""
        with self._lock:
            return self._frames.get(camera)


def snapshot(frame: Frame, config: EdgeConfig, most_px: int) -> dict[str, object] | str:
    """The picture in base64 with its size and times; in words if it cannot be had."""
    masks = privacy_of(config).of(frame.camera)
    image = pixels(frame, masks)
    if isinstance(image, Rejected):
        return f"the last picture cannot be read: {image.reason}"
    shown = reduced(image, most_px)
    jpeg = _within(shown)
    height, width = shown.shape[:2]
    return {
        "camera": frame.camera,
        "jpeg": base64.b64encode(jpeg).decode(),
        "width": width,
        "height": height,
        "masked": bool(masks),
        "received_at": frame.received_at.isoformat(timespec="milliseconds"),
    }


def _within(image: Image) -> bytes:
    """As good as fits."""
    jpeg = b""
    while True:
        for quality in _QUALITIES:
            encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            jpeg = bytes(encoded.tobytes())
            if len(jpeg) <= MOST_BYTES:
                return jpeg
        image = reduced(image, max(image.shape[0], image.shape[1]) * 2 // 3)
