"""From a camera's configuration to its pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from bridge.address import Folder, Url, parse_address
from bridge.config import SourceConfig
from bridge.frame_rate import RateAt
from bridge.picture import JpegFormat, SourceItem
from bridge.sources import folder, http, onvif, rtsp, upload
from bridge.uploads.upload_queue import UploadQueue
from service.clock import Clock

Frames = Iterator[SourceItem]
PictureSource = Callable[[threading.Event], Frames]
"""Opens the source and gives its pictures until asked to stop; raises `SourceFault`."""


def open_source(
    camera: SourceConfig,
    jpeg_format: JpegFormat,
    clock: Clock,
    queue: UploadQueue | None = None,
    rate_at: RateAt | None = None,
) -> PictureSource:
    """Nothing is opened yet; the source may be opened again and again. `queue` is where uploads
    arrive, `rate_at` the rate of a camera that says when something moves."""
    match parse_address(camera.source):
        case Folder(path=path):
            return lambda stopping: folder.frames(camera, path, jpeg_format, clock, stopping)
        case Url(scheme="http" | "https") as url:
            return lambda stopping: http.frames(camera, url, jpeg_format, clock, stopping)
        case Url(scheme="onvif" | "onvifs") as url:
            return lambda stopping: onvif.frames(camera, url, jpeg_format, clock, stopping, rate_at)
        case "ftp-upload" | "smtp-upload":
            arrived = queue or UploadQueue()
            return lambda stopping: upload.frames(camera, arrived, jpeg_format, clock, stopping)
        case Url() as url:
            return lambda stopping: rtsp.frames(camera, url, jpeg_format, clock, stopping)
