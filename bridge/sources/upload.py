"""Pictures that the camera brings by itself, by FTP or mail: taken from its queue at the rate.

SHELL, on the camera's own thread. Called by `open_source`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from bridge.config import SourceConfig
from bridge.frame_rate import FrameRateLimit
from bridge.picture import JpegFormat, Ready, SourceItem, from_jpeg
from bridge.uploads.upload_queue import UploadQueue
from service.clock import Clock

_POLL_S = 0.5


def frames(
    camera: SourceConfig,
    queue: UploadQueue,
    jpeg_format: JpegFormat,
    clock: Clock,
    stopping: threading.Event,
) -> Iterator[SourceItem]:
    """JPEGs as they are uploaded."""
    limit = FrameRateLimit(camera.rate_fps)
    yield Ready.READY
    while not clock.wait(stopping, limit.wait_s(clock.mono())):
        data = queue.get(_POLL_S)
        if data is not None:
            limit.due(clock.mono())
            yield from_jpeg(data, jpeg_format)
