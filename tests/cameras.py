"""Cameras for tests: films to serve, GStreamer's RTSP server, and an HTTP camera of one's own."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
import pytest

from bridge.config import SourceConfig
from bridge.fault import SourceFault
from bridge.picture import jpeg_format_of
from bridge.sources.open import open_source
from imaging.admission import Rejected
from service.clock import SystemClock
from tests.processes import HOST, accepts, child, free_port, until

Codec = Literal["h264", "h265", "mjpeg"]
_ENCODERS = {"h264": "libx264", "h265": "libx265", "mjpeg": "mjpeg"}
_SYSTEM_PYTHON = "/usr/bin/python3"
_PROGRAM = Path(__file__).with_name("rtsp_camera.py")


def scene(number: int, size: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A grey yard in which something bright moves; BGR."""
    image = np.full((size[1], size[0], 3), 60, np.uint8)
    left = number * 8 % (size[0] - 40)
    image[60:140, left : left + 40] = (20, 200, 240)
    return image


def jpeg(number: int = 0, size: tuple[int, int] = (320, 240)) -> bytes:
    return bytes(cv2.imencode(".jpg", scene(number, size))[1].tobytes())


def film(
    path: Path,
    codec: Codec = "h264",
    size: tuple[int, int] = (320, 240),
    fps: int = 10,
    seconds: int = 15,
    gop: int = 10,
) -> Path:
    """An MP4 as a camera would encode it, a key frame every `gop` frames."""
    options = {"preset": "ultrafast", "x265-params": "log-level=none"} if codec != "mjpeg" else {}
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream(_ENCODERS[codec], rate=fps, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = gop
        if codec == "h265":
            stream.codec_context.codec_tag = "hvc1"
        for number in range(fps * seconds):
            frame = av.VideoFrame.from_ndarray(scene(number, size), format="bgr24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@contextmanager
def rtsp_camera(
    folder: Path, *streams: str, port: int | None = None, options: tuple[str, ...] = ()
) -> Iterator[int]:
    """GStreamer's RTSP server with `streams` (see `rtsp_camera.py`); its port."""
    chosen = free_port() if port is None else port
    code = "import gi; gi.require_version('GstRtspServer', '1.0')"
    if subprocess.run([_SYSTEM_PYTHON, "-c", code], check=False, capture_output=True).returncode:
        pytest.skip("GStreamer's RTSP server is not installed: tools/system_packages")
    log = folder / "rtsp_camera.log"
    command = [_SYSTEM_PYTHON, str(_PROGRAM), str(chosen), *options, *streams]
    with child(command, log, patience_s=1) as process:
        until(lambda: accepts(chosen), process, log)
        yield chosen


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def http_camera(answer: Answer, protocol: str = "HTTP/1.0") -> Iterator[str]:
    """A camera that answers every GET by `answer`; its address without a path."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = protocol

        def do_GET(self) -> None:
            try:
                answer(self)
            except OSError:  # the client had enough
                self.close_connection = True

        def log_message(self, *_args: object) -> None:
            """Not wanted."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def reply(handler: BaseHTTPRequestHandler, body: bytes, kind: str = "image/jpeg") -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a source gave, and the fault that ended it, if one did."""

    pictures: list[bytes]
    rejected: list[Rejected]
    fault: SourceFault | None

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Width and height of each picture, which must decode."""
        shapes = [
            cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR) for one in self.pictures
        ]
        return [(image.shape[1], image.shape[0]) for image in shapes if image is not None]


def take(camera: SourceConfig, count: int, max_bytes: int = 2_000_000) -> Taken:
    """`count` pictures of a source, or what came before its fault."""
    shape = jpeg_format_of(camera.width_px, camera.jpeg_quality, max_bytes, 9_000_000)
    taken = Taken([], [], None)
    try:
        for one in open_source(camera, shape, SystemClock())(threading.Event()):
            (taken.rejected if isinstance(one, Rejected) else taken.pictures).append(one)  # type: ignore[arg-type]  # by its kind
            if len(taken.pictures) + len(taken.rejected) >= count:
                break
    except SourceFault as fault:
        return Taken(taken.pictures, taken.rejected, fault)
    return taken
