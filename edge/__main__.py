"""`python -m edge`: run, check-config, replay, health.

Exit status: 0 done, 1 failed while running, 2 wrong use, 78 (EX_CONFIG) for a configuration, model
or state that somebody has to mend before another start can succeed.
"""

import argparse
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
from tqdm import tqdm

from contract.ids import CameraId, is_name
from edge.config.explain import explain
from edge.config.live import begin
from edge.config.load import load
from edge.config.schema import Config, Detect
from edge.daemon import Daemon
from edge.errors import ConfigError, OutboxError
from edge.gateway import open_detectors
from edge.replay import Source, SourceError, Tally, Video, line, open_source, play
from edge.statements import program_version
from imaging.manifest import ModelError
from objectstore.store import StoreError
from service import events
from service.clock import SystemClock
from service.events import Event, log
from service.link import LinkError

EX_CONFIG = 78
DEFAULT_FILE = Path("/etc/stillwatch/edge.yaml")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    cv2.setNumThreads(1)  # threads are ours: one per worker
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ConfigError as error:
        return _refuse("configuration", *map(str, error.complaints))
    except (ModelError, LinkError, OutboxError, StoreError, SourceError) as error:
        return _refuse(type(error).__name__, str(error))


def _refuse(what: str, *reasons: str) -> int:
    for reason in reasons:
        print(f"{what}: {reason}", file=sys.stderr)
    return EX_CONFIG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stillwatch-edge", description=__doc__.split("\n")[0])
    parser.add_argument("--version", action="version", version=program_version())
    verbs = parser.add_subparsers(required=True, metavar="run|check-config|replay|health")
    run = _verb(verbs, "run", _run, "watch the cameras until told to stop")
    check = _verb(verbs, "check-config", _check, "print the effective configuration, or its faults")
    health = _verb(verbs, "health", _health, "ask the running daemon; exit 0 if it is well")
    replay = _verb(verbs, "replay", _replay, "run stored pictures or a video along the path")
    replay.add_argument("source", type=Path, help="folder of pictures (in name order) or video")
    replay.add_argument("--camera", default="replay", help="camera id, for its settings")
    replay.add_argument("--fps", type=float, help="frames per second (video: its own; folder: 5)")
    replay.add_argument("--jsonl", type=Path, help="write the lines here instead of to stdout")
    for verb in (run, check, health, replay):
        verb.add_argument("--config", type=Path, help=f"YAML file (default {DEFAULT_FILE})")
    return parser


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=text, description=text)
    verb.set_defaults(command=command)
    return verb


def _file(options: argparse.Namespace) -> Path | None:
    given: Path | None = options.config
    return given or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)


def _run(options: argparse.Namespace) -> int:
    path = _file(options)
    start = begin(path, os.environ)
    events.configure(level=start.loaded.config.runtime.log_level)
    if start.refused:
        log(Event.CONFIG_RESTORED, reasons=[str(c) for c in start.refused])
    daemon = Daemon(start.loaded, path, os.environ, SystemClock())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    signal.signal(signal.SIGHUP, lambda *_: daemon.reload())
    return daemon.run()


def _check(options: argparse.Namespace) -> int:
    print(explain(load(_file(options), os.environ)))
    return 0


def _health(options: argparse.Namespace) -> int:
    runtime = load(_file(options), os.environ).config.runtime
    if runtime.metrics_port == 0:
        print("runtime.metrics_port is 0: the daemon answers nobody", file=sys.stderr)
        return 1
    url = f"http://{runtime.metrics_host}:{runtime.metrics_port}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # http, our own
            print(answer.read().decode())
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode())
    except OSError as error:
        print(f"{url}: {error}; is the daemon running?", file=sys.stderr)
    return 1


def _replay(options: argparse.Namespace) -> int:
    config = load(_file(options), os.environ).config
    if not is_name(options.camera):
        raise SourceError(f"camera id {options.camera!r} is not 1 to 64 of a-z 0-9 _ -")
    source = open_source(options.source)
    fps = options.fps or (source.fps if isinstance(source, Video) else 5.0)
    if not 0 < fps <= 1000:
        raise SourceError(f"--fps {fps} is not over 0 and at most 1000")
    lines = _lines(source, config, CameraId(options.camera), fps)
    if options.jsonl is None:
        for text in lines:
            print(text)
        return 0
    with options.jsonl.open("w", encoding="utf-8") as file:
        file.writelines(f"{text}\n" for text in lines)
    return 0


def _lines(source: Source, config: Config, camera: CameraId, fps: float) -> Iterator[str]:
    """One JSON line per frame and the summary, with a progress bar on a terminal."""
    events.configure(level="warning")
    detector = open_detectors(config.model_copy(update={"detect": _single(config)}))[0]
    tally = Tally()
    steps = play(source, config, camera, fps, detector)
    for step in tqdm(steps, total=len(source), unit="frame", disable=not sys.stderr.isatty()):
        tally.count(step)
        yield line(step)
    yield tally.line()


def _single(config: Config) -> Detect:
    return config.detect.model_copy(update={"workers": 1})


if __name__ == "__main__":
    sys.exit(main())
