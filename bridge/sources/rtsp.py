"""RTSP by FFmpeg (PyAV): H.264, H.265 and MJPEG, over TCP, UDP or TLS.

SHELL, on the camera's own thread. FFmpeg gets one URL that `address` has passed and the options
below, no other; every wait in it ends after `stall_s`. Frames between key frames are not decoded
where key frames alone are enough. Called by `open_source`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import av
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.container import InputContainer
from av.video.stream import VideoStream

from bridge.address import Url
from bridge.camera_files import authorities_of, password_of
from bridge.config import SourceConfig
from bridge.fault import FaultReason, SourceFault
from bridge.frame_rate import FrameRateLimit, KeyFrames, RateAt
from bridge.picture import JpegFormat, from_frame, from_jpeg
from imaging.admission import Rejected
from service.clock import Clock

_PROTOCOLS = "rtp,srtp,udp,tcp,tls"
"""Without `rtsp` FFmpeg follows no redirection: a camera cannot send us elsewhere."""
_CODECS = ("h264", "hevc", "mjpeg", "mpeg4")
"""What cameras send. FFmpeg knows hundreds more, for a hostile one to choose from."""
_ANALYSE_US = 1_000_000
"""FFmpeg looks at so much of a stream before it gives out the first packet."""


def frames(
    camera: SourceConfig,
    url: Url,
    jpeg_format: JpegFormat,
    clock: Clock,
    stopping: threading.Event,
    rate_at: RateAt | None = None,
) -> Iterator[bytes | Rejected]:
    """JPEGs until the stream ends, `rate_fps` a second or as `rate_at` says; raises
    `SourceFault`."""
    rate_at = rate_at or (lambda _now: camera.rate_fps)
    with opened(camera, url, clock) as container:
        stream = video_of(container, jpeg_format.limits.max_pixels)
        yield from _pictures(container, stream, camera, jpeg_format, clock, stopping, rate_at)
    raise SourceFault(FaultReason.ENDED, "the stream ended")


@contextmanager
def opened(camera: SourceConfig, url: Url, clock: Clock) -> Iterator[InputContainer]:
    """The stream, connected; FFmpeg's errors become `SourceFault`, whose words hold no URL."""
    text = url.text(camera.username, password_of(camera))
    if url.scheme == "rtsps":
        authorities_of(camera)  # FFmpeg does not say what is wrong with the file
    hardware = _hardware_of(camera)
    began_s: float | None = clock.mono()
    try:
        with av.open(
            text,
            format="rtsp",
            options=_options(camera, url),
            timeout=(camera.stall_s, camera.stall_s),
            hwaccel=hardware,
        ) as container:
            began_s = None
            yield container
    except av.FFmpegError as error:
        if began_s is not None and clock.mono() - began_s >= camera.stall_s:
            raise _silent(camera) from None  # whatever FFmpeg calls it
        raise _fault(error, camera) from None  # its text holds the URL with the password
    except ValueError:
        raise SourceFault(FaultReason.UNUSABLE, "FFmpeg cannot open it") from None
    except RuntimeError:  # PyAV's word for hardware that does not know the stream's format
        if hardware is None:
            raise
        words = f"hwaccel: {camera.hwaccel} cannot decode this stream: leave it out"
        raise SourceFault(FaultReason.UNUSABLE, words) from None


def _hardware_of(camera: SourceConfig) -> HWAccel | None:
    """What is to decode; tried before the camera is asked, whose fault this would not be."""
    kind = camera.hwaccel
    if kind == "none":
        return None
    offered = hwdevices_available()
    if kind not in offered:
        words = f"hwaccel: this FFmpeg has no {kind}, only {', '.join(offered)}: leave it out"
        raise SourceFault(FaultReason.UNUSABLE, words)
    hardware = HWAccel(kind, allow_software_fallback=False)
    try:
        hardware.create(av.Codec("h264", "r"))
    except (av.FFmpegError, RuntimeError) as error:
        words = f"hwaccel: no {kind} that decodes is on this machine ({error}): leave it out"
        raise SourceFault(FaultReason.UNUSABLE, words) from error
    return hardware


def _options(camera: SourceConfig, url: Url) -> dict[str, str]:
    options = {
        "rtsp_transport": camera.transport,
        "protocol_whitelist": _PROTOCOLS,
        "allowed_media_types": "video",
        "codec_whitelist": ",".join(_CODECS),
        "analyzeduration": str(_ANALYSE_US),
        "fpsprobesize": "0",
    }
    if url.scheme == "rtsps":
        options["tls_verify"] = "1" if camera.verify_tls else "0"
        if camera.ca_file is not None:
            options["ca_file"] = str(camera.ca_file)
    return options


def video_of(container: InputContainer, max_pixels: int) -> VideoStream:
    """Its first video stream, one thread to decode it."""
    if not container.streams.video:
        raise SourceFault(FaultReason.NO_VIDEO, "the stream has no video")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise SourceFault(FaultReason.NO_VIDEO, "FFmpeg has no decoder for the stream's format")
    if stream.codec_context.name not in _CODECS:
        name = stream.codec_context.name
        raise SourceFault(FaultReason.NO_VIDEO, f"{name} is none of {', '.join(_CODECS)}")
    stream.codec_context.thread_count = 1
    stream.codec_context.options = {"max_pixels": str(max_pixels)}
    return stream


def _pictures(
    container: InputContainer,
    stream: VideoStream,
    camera: SourceConfig,
    jpeg_format: JpegFormat,
    clock: Clock,
    stopping: threading.Event,
    rate_at: RateAt,
) -> Iterator[bytes | Rejected]:
    limit = FrameRateLimit(camera.rate_fps)
    decoder = _Decoder(stream, camera)
    last_s = clock.mono()
    for packet in container.demux(stream):
        now = clock.mono()
        if stopping.is_set():
            return
        limit.change(rate_at(now), now)
        if packet.size and stream.codec_context.name == "mjpeg":
            last_s = now
            if limit.due(now):
                yield from_jpeg(bytes(packet), jpeg_format)
            continue
        frame = decoder.frame_of(packet, now, limit)
        if frame is not None:
            last_s = now
            if limit.due(now):
                yield from_frame(frame, float(stream.sample_aspect_ratio or 1), jpeg_format)
        elif now - last_s > camera.stall_s + 1 / camera.slowest_fps and limit.is_due(now):
            raise SourceFault(
                FaultReason.STALLED, f"data, but no whole picture in {camera.stall_s:g} s"
            )


class _Decoder:
    """Decodes as little as the rate allows."""

    def __init__(self, stream: VideoStream, camera: SourceConfig) -> None:
        self._codec = stream.codec_context
        self._choice = camera.decode
        self._keys = KeyFrames(camera.rate_fps)

    def frame_of(
        self, packet: av.Packet[VideoStream], now: float, limit: FrameRateLimit
    ) -> av.VideoFrame | None:
        """The newest whole frame that the packet completes, if it was worth decoding."""
        self._keys.rate_fps = limit.rate_fps
        if packet.is_keyframe:
            self._keys.seen(now)
        alone = self._choice == "keyframes" or (self._choice == "auto" and self._keys.alone)
        if not packet.size or (alone and not (packet.is_keyframe and limit.is_due(now))):
            return None
        found: list[av.VideoFrame] = []
        with suppress(av.InvalidDataError):  # a damaged packet; the next key frame replaces it
            found = self._codec.decode(packet)
            if alone:  # nothing follows it: give it out now
                found += self._codec.decode(None)
        if alone:
            self._codec.flush_buffers()
        whole = [frame for frame in found if not frame.is_corrupt]
        return whole[-1] if whole else None


_WORDS = (
    (av.HTTPUnauthorizedError, FaultReason.REFUSED, "the camera refuses user and password (401)"),
    (av.HTTPForbiddenError, FaultReason.REFUSED, "the camera forbids it (403)"),
    (av.HTTPNotFoundError, FaultReason.NOT_FOUND, "the camera knows no such path (404)"),
    (av.InvalidDataError, FaultReason.UNUSABLE, "what the camera sends is no RTSP, or no video"),
    (av.EOFError, FaultReason.ENDED, "the camera ended the stream"),
    (
        av.ArgumentError,
        FaultReason.UNUSABLE,
        "FFmpeg refuses what it answers; if it redirects: name the final address",
    ),
)


def _fault(error: av.FFmpegError, camera: SourceConfig) -> SourceFault:
    for kind, why, words in _WORDS:
        if isinstance(error, kind):
            return SourceFault(why, words)
    if isinstance(error, av.ExitError):
        return _silent(camera)
    return SourceFault(FaultReason.UNREACHABLE, error.strerror or type(error).__name__)


def _silent(camera: SourceConfig) -> SourceFault:
    return SourceFault(FaultReason.STALLED, f"no answer or no data for {camera.stall_s:g} s")
