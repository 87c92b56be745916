"""A camera named by its ONVIF address: asked for its stream at every connect, then RTSP.

SHELL, on the camera's own thread. Called by `open_source`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from bridge.address import Url
from bridge.config import SourceConfig
from bridge.frame_rate import RateAt
from bridge.onvif import choose_profile, onvif_device
from bridge.picture import JpegFormat
from bridge.sources import rtsp
from imaging.admission import Rejected
from service.clock import Clock


def frames(
    camera: SourceConfig,
    url: Url,
    jpeg_format: JpegFormat,
    clock: Clock,
    stopping: threading.Event,
    rate_at: RateAt | None = None,
) -> Iterator[bytes | Rejected]:
    """JPEGs until the stream ends, as `rtsp.frames`; raises `SourceFault`."""
    stream = stream_of(camera, url)
    yield from rtsp.frames(camera, stream, jpeg_format, clock, stopping, rate_at)


def stream_of(camera: SourceConfig, url: Url) -> Url:
    """The stream of the profile that the configuration, or the width, chooses."""
    with onvif_device(camera, url) as device:
        return device.stream_url(choose_profile(device.profiles(), camera.profile))
