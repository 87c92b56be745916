"""`python -m tools.demo.local`: all of Stillwatch on this machine, before footage or real cameras.

`make run` calls it. Without `--seconds` it plays until Ctrl-C. Exit status: 0 done; 1 a camera saw
no frame, a verdict is missing, or a part failed; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

from service import events
from service.clock import SystemClock
from tools import CHECKOUT
from tools.demo.camera_sim.__main__ import address
from tools.demo.camera_sim.sources import PictureStreamError, open_stream
from tools.demo.local.config import (
    BadCamera,
    CameraSource,
    LocalBroker,
    bridged,
    make_folders,
    sources_of,
)
from tools.demo.local.console import LiveConsole, PlainConsole, lines, on_terminal
from tools.demo.local.processes import RunError
from tools.demo.local.run import LocalRun, RunPlan
from tools.demo.local.summary import CameraCounts, problems, summary_json

SHIPPED = {"yard": "walkers.mp4", "garage": "empty.mp4", "garden": "object.mp4"}


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    events.configure(level="error")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        plan = _plan(options)
        funnels = _run(plan, stop)
    except BadCamera as error:
        print(f"--camera: {error}", file=sys.stderr)
        return 2
    except (RunError, PictureStreamError) as error:
        print(error, file=sys.stderr)
        return 1
    return _conclude(plan, funnels, options.summary, stopped=stop.is_set())


def _run(plan: RunPlan, stop: threading.Event) -> dict[str, CameraCounts]:
    console = LiveConsole() if on_terminal() else PlainConsole()
    with console if isinstance(console, LiveConsole) else nullcontext():
        run = LocalRun(plan, console, SystemClock(), stop)
        try:
            return run.go()
        finally:
            console.news("stopping ...")
            run.close()


def _conclude(
    plan: RunPlan, funnels: dict[str, CameraCounts], summary: Path | None, *, stopped: bool
) -> int:
    """The last table, the summary, and whether all was well."""
    print("\n".join(lines(funnels)))
    print(f"pictures of all decisions: {plan.folders.alarms}\nlogs: {plan.folders.logs}")
    if summary is not None:
        summary.parent.mkdir(parents=True, exist_ok=True)
        summary.write_text(summary_json(funnels))
    if stopped:
        return 0
    expected = [one.camera for one in plan.sources] + [one.camera for one in plan.bridged]
    found = problems(funnels, expected, must_alarm=not plan.bridged)
    for problem in found:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if found else 0


def _plan(options: argparse.Namespace) -> RunPlan:
    cameras = bridged(
        options.camera, options.cameras_fps, options.camera_username, options.camera_password_file
    )
    sources = sources_of(options.footage) if options.footage else _shipped()
    sources = () if cameras else sources
    for source in sources:
        open_stream(source.path, options.cameras_fps, 85)
    host, port = options.broker or ("", 0)
    clock = SystemClock()
    return RunPlan(
        sources=sources,
        bridged=cameras,
        folders=make_folders(options.keep, CHECKOUT / "var", clock.now()),
        fps=options.cameras_fps,
        seconds=options.seconds,
        broker=LocalBroker(host=host, port=port, camera_port=port) if host else None,
    )


def _shipped() -> tuple[CameraSource, ...]:
    folder = CHECKOUT / "footage"
    return tuple(
        CameraSource(camera=camera, path=folder / name) for camera, name in SHIPPED.items()
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.demo.local", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=float, help="end by itself when the cameras have played this long")
    add("--summary", type=Path, metavar="FILE", help="write the final counts there, as JSON")
    add("--footage", type=Path, nargs="+", default=[], help="your own videos or folders instead")
    add(
        "--camera",
        action="append",
        default=[],
        metavar="SOURCE",
        help="a real camera instead: rtsp://, onvif://, http:// (a snapshot or MJPEG), or a folder",
    )
    add("--camera-username", metavar="NAME", help="user at the real cameras")
    add("--camera-password-file", type=Path, metavar="FILE", help="file with its password")
    add("--broker", type=address, metavar="HOST:PORT", help="an MQTT 5 broker, not our own")
    add("--cameras-fps", type=float, default=5.0, help="pictures a second of each camera")
    add("--keep", type=Path, metavar="DIR", help="folder of the run, else a new one in var/")
    return parser


if __name__ == "__main__":
    sys.exit(main())
