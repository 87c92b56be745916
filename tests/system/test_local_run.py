"""The one-command run with every part real: its summary, its pictures, and a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import av
import psutil
import pytest

from service.clock import SystemClock
from tests.cameras import rtsp_camera
from tests.processes import HOST, free_port
from tests.servers import Broker
from tools import CHECKOUT
from tools.demo.local.summary import SUMMARY_KEYS

pytestmark = pytest.mark.slow

SECONDS = 24
"""Eight empty seconds, fourteen with walkers, and a little more."""
PATIENCE_S = 240


@contextmanager
def local_run(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tools.demo.local", "--keep", str(folder), *arguments]
    run = subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield run
    finally:
        run.kill()
        run.wait()


def processes_of(folder: Path) -> list[psutil.Process]:
    """Whatever still runs and was told about this run's folder."""
    found = psutil.process_iter(["cmdline"])
    return [one for one in found if any(str(folder) in word for word in one.info["cmdline"] or ())]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int]:
    """One run over the shipped footage: its folder, what it said, and its exit status."""
    folder = tmp_path_factory.mktemp("local") / "run"
    summary = str(folder / "summary.json")
    with local_run(folder, "--seconds", str(SECONDS), "--summary", summary) as run:
        output, _ = run.communicate(timeout=PATIENCE_S)
    return folder, output, run.returncode


def cameras_of(folder: Path) -> dict[str, dict[str, int]]:
    cameras: dict[str, dict[str, int]] = json.loads((folder / "summary.json").read_text())[
        "cameras"
    ]
    return cameras


def test_walkers_are_confirmed_and_the_quiet_cameras_stay_quiet(
    finished: tuple[Path, str, int],
) -> None:
    folder, output, status = finished
    assert status == 0, output
    cameras = cameras_of(folder)
    assert cameras["yard"]["confirmed"] > 0
    for quiet in ("garage", "garden"):
        assert cameras[quiet]["confirmed"] == cameras[quiet]["unconfirmed"] == 0


def test_every_frame_is_accounted_for(finished: tuple[Path, str, int]) -> None:
    for counts in cameras_of(finished[0]).values():
        assert tuple(counts) == SUMMARY_KEYS
        ended = sum(counts[key] for key in ("rejected", "superseded", "quiet", "analysed"))
        assert counts["received"] == ended > 0


def test_each_alarm_names_a_picture_that_is_there(finished: tuple[Path, str, int]) -> None:
    folder, output, _ = finished
    lines = output.splitlines()
    alarms = [after.strip() for line, after in pairwise(lines) if "ALARM" in line]
    assert alarms
    assert all(Path(path).read_bytes().startswith(b"\xff\xd8\xff") for path in alarms)
    assert all(Path(path).parent == folder / "alarms" for path in alarms)


def test_the_consoles_address_comes_first_and_then_a_link_for_ones_account(
    finished: tuple[Path, str, int],
) -> None:
    lines = finished[1].splitlines()
    assert lines[0].startswith("console: http://127.0.0.1:")
    assert any("console: your account, by this link, once: http" in line for line in lines)
    assert (finished[0] / "index.sqlite").exists()


def test_nothing_is_left_running(finished: tuple[Path, str, int]) -> None:
    assert processes_of(finished[0]) == []


def test_footage_of_ones_own_through_a_broker_of_ones_own(
    tmp_path: Path, mosquitto: Broker
) -> None:
    summary = tmp_path / "summary.json"
    clip = CHECKOUT / "footage" / "empty.mp4"
    broker = ("--broker", f"{mosquitto.host}:{mosquitto.port}")
    arguments = ("--seconds", "4", "--summary", str(summary), "--footage", str(clip), *broker)
    with local_run(tmp_path / "run", *arguments) as run:
        output, _ = run.communicate(timeout=PATIENCE_S)
    assert json.loads(summary.read_text())["cameras"]["empty"]["received"] > 0, output
    assert run.returncode == 1
    assert "no verdict came: nothing in the footage was suspicious" in output


@pytest.mark.parametrize("said", ["gateway: loading", "camera garden"], ids=["early", "playing"])
def test_ctrl_c_ends_everything_cleanly(tmp_path: Path, said: str) -> None:
    folder = tmp_path / "run"
    with local_run(folder) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if said in line:
                break
        SystemClock().wait(threading.Event(), 1.0)
        run.send_signal(signal.SIGINT)
        output, _ = run.communicate(timeout=60)
    assert run.returncode == 0, output
    assert "Traceback" not in output
    assert processes_of(folder) == []


def test_a_broker_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with local_run(tmp_path / "run", "--broker", f"{HOST}:{free_port()}") as run:
        output, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "cannot be used" in output


def test_footage_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with local_run(tmp_path / "run", "--footage", "nowhere.mp4") as run:
        output, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "nowhere.mp4: no such file or folder" in output


def test_walkers_of_a_real_rtsp_camera_are_confirmed(tmp_path: Path) -> None:
    film, folder = (
        as_h264(CHECKOUT / "footage" / "walkers.mp4", tmp_path / "film.mp4"),
        tmp_path / "run",
    )
    with rtsp_camera(tmp_path, f"/live={film}:h264") as port:
        arguments = ("--camera", f"rtsp://{HOST}:{port}/live", "--seconds", str(SECONDS))
        summary = ("--summary", str(folder / "summary.json"))
        with local_run(folder, *arguments, *summary) as run:
            output, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, output
    assert cameras_of(folder)["camera-1"]["confirmed"] > 0


def as_h264(source: Path, target: Path) -> Path:
    """A film of the shipped footage as a camera sends it, a key frame every two seconds."""
    with av.open(str(source)) as film, av.open(str(target), "w") as out:
        shipped = film.streams.video[0]
        stream = out.add_stream("libx264", rate=shipped.average_rate)
        stream.width, stream.height, stream.pix_fmt = shipped.width, shipped.height, "yuv420p"
        stream.codec_context.gop_size = 10
        for frame in film.decode(shipped):
            out.mux(stream.encode(frame.reformat(format="yuv420p")))
        out.mux(stream.encode())
    return target
