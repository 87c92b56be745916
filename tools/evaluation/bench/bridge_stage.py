"""What the bridge is measured on: a film as a camera encodes it, an RTSP server, broker and bridge.

SHELL. All on the loopback interface, each a process of its own, so that the kernel's accounts say
what each costs. The server is GStreamer's, as in the tests. Called by `bridge`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
import cv2
import numpy as np
import yaml

from tools import CHECKOUT
from tools.demo.local.config import HOST, free_port
from tools.evaluation.bench.pictures import at_size

FILM_FPS = 25
KEY_FRAME_S = 1
PATIENCE_S = 60.0
_SERVER = CHECKOUT / "tests" / "rtsp_camera.py"
_TICKS = os.sysconf("SC_CLK_TCK")


class StageError(Exception):
    """Something that is needed did not come up; the text says which."""


def write_film(
    path: Path, pictures: tuple[bytes, ...], size: tuple[int, int], seconds: int
) -> Path:
    """H.264 of `size`, a key frame each second, at the bit rate of a usual camera."""
    jpegs = at_size(pictures, *size)
    decoded = (cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR) for one in jpegs)
    images = [np.asarray(image, np.uint8) for image in decoded]
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=FILM_FPS, options={"preset": "veryfast"})
        if not isinstance(stream, av.VideoStream):
            raise StageError("FFmpeg has no encoder for H.264")
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.gop_size = FILM_FPS * KEY_FRAME_S
        stream.codec_context.bit_rate = size[0] * size[1] * 2
        stream.time_base = Fraction(1, FILM_FPS)
        for number, image in enumerate(islice(cycle(images), FILM_FPS * seconds)):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@contextmanager
def process(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs within the block."""
    with log.open("ab") as sink:
        running = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=CHECKOUT
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextmanager
def rtsp_server(film: Path, port: int, folder: Path) -> Iterator[str]:
    """The film's address; each client gets it from its beginning."""
    command = ["/usr/bin/python3", str(_SERVER), str(port), f"/live={film}:h264"]
    with process(command, folder / "rtsp.log"):
        wait(lambda: accepts(port), "GStreamer's RTSP server (tools/system_packages)")
        yield f"rtsp://{HOST}:{port}/live"


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """A Mosquitto; its port."""
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    port, file = free_port(), folder / "mosquitto.conf"
    file.write_text(f"listener {port} {HOST}\nallow_anonymous true\n")
    with process([program, "-c", str(file)], folder / "mosquitto.log"):
        wait(lambda: accepts(port), "mosquitto")
        yield port


@contextmanager
def bridge(
    url: str, cameras: int, rate_fps: float, mqtt: int, folder: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], float]]]:
    """The bridge with `cameras` of one stream, and a call for how many pictures it has sent."""
    port, file = free_port(), folder / "bridge.yaml"
    one = {"source": url, "rate_fps": rate_fps}
    config = {
        "broker": {"host": HOST, "port": mqtt},
        "runtime": {"metrics_port": port},
        "cameras": {f"camera-{number}": one for number in range(cameras)},
    }
    file.write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "bridge", "run", "--config", str(file)]
    with process(command, folder / "bridge.log") as running:
        wait(lambda: accepts(port), "the bridge")
        yield running, lambda: _sent(port)


def _sent(port: int) -> float:
    with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    metrics = [line for line in lines if line.startswith("stillwatch_bridge_pictures_total")]
    return sum(float(line.rpartition(" ")[2]) for line in metrics if 'what="sent"' in line)


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000


def wait(reached: Callable[[], bool], what: str) -> None:
    never = threading.Event()
    for _ in range(int(PATIENCE_S / 0.02)):
        if reached():
            return
        never.wait(0.02)
    raise StageError(f"{what} did not come up within {PATIENCE_S:g} s")


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
