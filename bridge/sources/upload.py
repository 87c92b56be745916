"""Pictures that the camera brings by itself, by FTP or mail: taken from its inbox at the rate.

SHELL, on the camera's own thread. Called by `open_source`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from bridge.config import Camera
from bridge.pace import Pace
from bridge.picture import Item, Ready, Shape, from_jpeg
from bridge.uploads.inbox import Inbox
from service.clock import Clock

_POLL_S = 0.5


def frames(
    camera: Camera, inbox: Inbox, shape: Shape, clock: Clock, stopping: threading.Event
) -> Iterator[Item]:
    """JPEGs as they are uploaded."""
    pace = Pace(camera.rate_fps)
    yield Ready.READY
    while not clock.wait(stopping, pace.wait_s(clock.mono())):
        data = inbox.get(_POLL_S)
        if data is not None:
            pace.due(clock.mono())
            yield from_jpeg(data, shape)
