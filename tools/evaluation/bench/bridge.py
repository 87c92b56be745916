"""`python -m tools.evaluation.bench.bridge`: what the bridge costs, beside ffmpeg where it is.

Processor time per camera by rate and size, memory by cameras, time to come back after the camera
was killed. Prints the tables of docs/bridge-costs.md.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bridge.attempts import STEADY_S
from service.documents import table
from tools.demo.local.config import free_port
from tools.evaluation.bench import bridge_stage as stage
from tools.evaluation.bench.pictures import default_source, read_pictures
from tools.evaluation.bench.stopwatch import this_machine

SIZES = ((640, 480), (1920, 1080))
RATES = (1.0, 2.0, 5.0)
MANY = 16
WARM_S = 6.0
"""Until the bridge knows how often key frames come, and pictures flow evenly."""
RECONNECTS = 5
AWAY_S = 5.0
"""As long as a small restart; the waits between tries grow with it."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    pictures = read_pictures(default_source())
    print(this_machine().line())
    try:
        with tempfile.TemporaryDirectory() as place, stage.broker(Path(place)) as mqtt:
            folder, length = Path(place), int(WARM_S + options.seconds + 10)
            films = {
                size: stage.write_film(folder / f"{size[0]}.mp4", pictures, size, length)
                for size in SIZES
            }
            print(_rates(films, mqtt, folder, options.seconds), flush=True)
            print(_cameras(films[SIZES[0]], mqtt, folder, options.seconds), flush=True)
            print(_reconnect(films[SIZES[0]], mqtt, folder))
    except stage.StageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _rates(films: dict[tuple[int, int], Path], mqtt: int, folder: Path, seconds: float) -> str:
    """A row for each size and rate: share of a core, pictures a second, ffmpeg's share."""
    rows = []
    for size, film in films.items():
        for rate in RATES:
            with stage.rtsp_server(film, free_port(), folder) as url:
                with stage.bridge(url, 1, rate, mqtt, folder) as (running, sent):
                    share, pace = _measured(running, sent, seconds)
                bare = _ffmpeg(url, rate, folder, seconds)
            row = (f"{size[0]}x{size[1]}", f"{rate:g}", f"{pace:.1f}", f"{share:.1f} %", bare)
            print(" ".join(row), file=sys.stderr)
            rows.append(row)
    head = ("stream", "asked", "sent a second", "bridge, of a core", "ffmpeg alone, of a core")
    return f"\n{table(head, rows)}"


def _measured(
    running: subprocess.Popen[bytes], sent: Callable[[], float], seconds: float
) -> tuple[float, float]:
    """Percent of a core, and pictures a second."""
    stage.wait(lambda: sent() > 0, "the first picture")
    _pass(WARM_S)
    before, pictures, began = stage.cpu_s(running.pid), sent(), time.monotonic()
    _pass(seconds)
    took = time.monotonic() - began
    spent = stage.cpu_s(running.pid) - before
    return 100 * spent / took, (sent() - pictures) / took


def _ffmpeg(url: str, rate: float, folder: Path, seconds: float) -> str:
    """The same work by the program: one thread, JPEGs at the rate, thrown away."""
    program = shutil.which("ffmpeg")
    if program is None:
        return "not installed"
    command = [program, "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-threads", "1"]
    command += ["-i", url, "-vf", f"fps={rate:g}", "-threads", "1", "-q:v", "4", "-f", "mjpeg"]
    with stage.process([*command, "-y", "/dev/null"], folder / "ffmpeg.log") as running:
        _pass(WARM_S)
        before, began = stage.cpu_s(running.pid), time.monotonic()
        _pass(seconds)
        spent = stage.cpu_s(running.pid) - before
        return f"{100 * spent / (time.monotonic() - began):.1f} %"


def _cameras(film: Path, mqtt: int, folder: Path, seconds: float) -> str:
    """Memory, and all of them together at 2 frames a second."""
    rows = []
    for cameras in (1, MANY):
        with (
            stage.rtsp_server(film, free_port(), folder) as url,
            stage.bridge(url, cameras, 2.0, mqtt, folder) as (running, sent),
        ):
            share, pace = _measured(running, sent, seconds)
            resident = stage.resident_mb(running.pid)
        rows.append((str(cameras), f"{pace:.1f}", f"{share:.0f} %", f"{resident:.0f} MB"))
    head = ("cameras, 640x480 at 2 a second", "sent a second", "of a core", "resident memory")
    return f"\n{table(head, rows)}"


def _reconnect(film: Path, mqtt: int, folder: Path) -> str:
    """From the camera's answering again to its first picture."""
    times = sorted(_times(film, mqtt, folder))
    row = (str(len(times)), f"{median(times):.1f} s", f"{times[-1]:.1f} s")
    return f"\n{table(('camera killed and started', 'back after, median', 'at most'), [row])}"


def _times(film: Path, mqtt: int, folder: Path) -> Iterator[float]:
    port = free_port()
    with ExitStack() as stack:
        server = stack.enter_context(ExitStack())
        url = server.enter_context(stage.rtsp_server(film, port, folder))
        _, sent = stack.enter_context(stage.bridge(url, 1, 5.0, mqtt, folder))
        for _ in range(RECONNECTS):
            stage.wait(lambda: sent() > 0, "pictures")
            _pass(STEADY_S + 2)  # a camera that worked for long
            server.close()
            _pass(AWAY_S)
            before = sent()
            server.enter_context(stage.rtsp_server(film, port, folder))
            began = time.monotonic()
            stage.wait(lambda seen=before: sent() > seen, "a picture again")  # type: ignore[misc]  # bound at once
            yield time.monotonic() - began


def _pass(seconds: float) -> None:
    threading.Event().wait(seconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.evaluation.bench.bridge", description=__doc__
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="per figure (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
