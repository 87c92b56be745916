"""From a camera's configuration to its pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from bridge.address import Folder, Url, parse_address
from bridge.config import Camera
from bridge.picture import Item, Shape
from bridge.sources import folder, http, rtsp, upload
from bridge.uploads.inbox import Inbox
from service.clock import Clock

Frames = Iterator[Item]
Source = Callable[[threading.Event], Frames]
"""Opens the source and gives its pictures until told to stop; raises `SourceFault`."""


def open_source(camera: Camera, shape: Shape, clock: Clock, inbox: Inbox | None = None) -> Source:
    """Nothing is opened yet; the source may be opened again and again. `inbox` is where uploads
    arrive."""
    match parse_address(camera.source):
        case Folder(path=path):
            return lambda stopping: folder.frames(camera, path, shape, clock, stopping)
        case Url(scheme="http" | "https") as url:
            return lambda stopping: http.frames(camera, url, shape, clock, stopping)
        case "ftp-upload" | "smtp-upload":
            arrived = inbox or Inbox()
            return lambda stopping: upload.frames(camera, arrived, shape, clock, stopping)
        case Url() as url:
            return lambda stopping: rtsp.frames(camera, url, shape, clock, stopping)
