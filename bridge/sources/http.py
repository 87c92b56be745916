"""HTTP: a snapshot asked for again and again, or MJPEG as one endless answer.

SHELL, on the camera's own thread. Which of both it is, the answer's content type says. httpx
speaks HTTP (`bridge.http_client`); FFmpeg takes the parts of MJPEG apart, from bytes that we hand
it. Redirections are not followed: a camera shall not send us elsewhere with its password. Called by
`open_source`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import av
import httpx

from bridge.address import Url
from bridge.config import SourceConfig
from bridge.fault import FaultReason, SourceFault
from bridge.frame_rate import FrameRateLimit
from bridge.http_client import client_of, faults_named
from bridge.picture import JpegFormat, from_jpeg
from imaging.admission import Rejected
from service.clock import Clock

_CHUNK_BYTES = 32_768
_BEFORE_FIRST = 8
"""FFmpeg reads so many pictures ahead, at most, before it hands out the first."""


def frames(
    camera: SourceConfig, url: Url, jpeg_format: JpegFormat, clock: Clock, stopping: threading.Event
) -> Iterator[bytes | Rejected]:
    """JPEGs until the source ends; raises `SourceFault`."""
    limit = FrameRateLimit(camera.rate_fps)
    with faults_named(camera), client_of(camera, url, clock) as client:
        while not clock.wait(stopping, limit.wait_s(clock.mono())):
            with client.stream("GET", url.text()) as answer:
                if is_mjpeg(checked(answer)):
                    yield from _parts(answer, limit, jpeg_format, camera.stall_s, clock, stopping)
                    raise SourceFault(FaultReason.ENDED, "the camera ended the stream")
                limit.due(clock.mono())
                data = _body(answer, jpeg_format.limits.max_bytes, camera.stall_s, clock)
            yield from_jpeg(data, jpeg_format)


def checked(answer: httpx.Response) -> str:
    """The content type of an answer that is well; raises `SourceFault`."""
    match answer.status_code:
        case 200:
            return str(answer.headers.get("content-type", "")).lower()
        case 401 | 403:
            raise SourceFault(
                FaultReason.REFUSED, f"user and password refused ({answer.status_code})"
            )
        case 404:
            raise SourceFault(FaultReason.NOT_FOUND, "the camera knows no such path (404)")
        case code if 300 <= code < 400:
            raise SourceFault(
                FaultReason.UNUSABLE, f"it redirects ({code}): name the final address"
            )
        case code:
            raise SourceFault(FaultReason.UNREACHABLE, f"the camera answers {code}")


def is_mjpeg(content_type: str) -> bool:
    """Whether an answer is a series of pictures; raises `SourceFault` for a film."""
    if content_type.startswith("multipart/"):
        return True
    if content_type.startswith(("video/", "audio/", "text/html")):
        kind = content_type.partition(";")[0]
        raise SourceFault(FaultReason.UNUSABLE, f"{kind} is neither a picture nor MJPEG")
    return False


def _body(answer: httpx.Response, max_bytes: int, patience_s: float, clock: Clock) -> bytes:
    """All of it, unless it is too long or takes too long altogether."""
    data, until_s = bytearray(), clock.mono() + patience_s
    for chunk in answer.iter_bytes():
        data += chunk
        if len(data) > max_bytes:
            raise SourceFault(FaultReason.UNUSABLE, f"a picture of over {max_bytes} bytes")
        if clock.mono() > until_s:
            raise SourceFault(FaultReason.STALLED, f"a picture took over {patience_s:g} s")
    return bytes(data)


class _Tap:
    """An answer's bytes as a file for FFmpeg, which may take neither too many nor too long without
    a picture."""

    def __init__(
        self, answer: httpx.Response, max_bytes: int, patience_s: float, clock: Clock
    ) -> None:
        self._chunks = answer.iter_bytes()
        self._max_bytes = max_bytes
        self._patience_s = patience_s
        self._clock = clock
        self._until_s = clock.mono() + patience_s
        self._left = _BEFORE_FIRST * max_bytes
        self._rest = b""
        self.problem: Exception | None = None

    def read(self, size: int) -> bytes:
        """At most `size` bytes, as soon as there are some; none at the end or a problem."""
        if not self._rest:
            try:
                self._rest = next(self._chunks, b"")
            except httpx.HTTPError as error:
                self.problem = error
        taken, self._rest = self._rest[:size], self._rest[size:]
        self._left -= len(taken)
        if self._left < 0:
            self.problem = SourceFault(
                FaultReason.UNUSABLE, f"a part of over {self._max_bytes} bytes"
            )
        if self._clock.mono() > self._until_s:
            self.problem = SourceFault(
                FaultReason.STALLED, f"data, but no picture in {self._patience_s:g} s"
            )
        return b"" if self.problem else taken

    def picture_received(self) -> None:
        self._left = self._max_bytes + 4 * _CHUNK_BYTES
        self._until_s = self._clock.mono() + self._patience_s


def _parts(
    answer: httpx.Response,
    limit: FrameRateLimit,
    jpeg_format: JpegFormat,
    patience_s: float,
    clock: Clock,
    stopping: threading.Event,
) -> Iterator[bytes | Rejected]:
    tap = _Tap(answer, jpeg_format.limits.max_bytes, patience_s, clock)
    try:
        with av.open(tap, "r", format="mpjpeg", options={"fpsprobesize": "0"}) as container:
            for packet in container.demux(video=0):
                if packet.size:
                    tap.picture_received()
                if stopping.is_set():
                    return
                if packet.size and limit.due(clock.mono()):
                    yield from_jpeg(bytes(packet), jpeg_format)
    except (av.FFmpegError, IndexError) as error:
        if tap.problem is None:
            raise SourceFault(FaultReason.UNUSABLE, "its parts are no MJPEG") from error
    if tap.problem is not None:
        raise tap.problem
