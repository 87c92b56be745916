"""From a camera's configuration to its pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from bridge.address import Folder, Url, parse_address
from bridge.config import Camera
from bridge.picture import Shape
from bridge.sources import folder, http, rtsp
from imaging.admission import Rejected
from service.clock import Clock

Frames = Iterator[bytes | Rejected]
Source = Callable[[threading.Event], Frames]
"""Opens the source and gives its pictures until told to stop; raises `SourceFault`."""


def open_source(camera: Camera, shape: Shape, clock: Clock) -> Source:
    """Nothing is opened yet; the source may be opened again and again."""
    match parse_address(camera.source):
        case Folder(path=path):
            return lambda stopping: folder.frames(camera, path, shape, clock, stopping)
        case Url(scheme="http" | "https") as url:
            return lambda stopping: http.frames(camera, url, shape, clock, stopping)
        case Url() as url:
            return lambda stopping: rtsp.frames(camera, url, shape, clock, stopping)
