"""`python -m edge`: run, check-config, replay, health.

Exit status: 0 done, 1 failed while running, 2 wrong use, 78 (EX_CONFIG) for a configuration, model
or state that somebody has to mend before another start can succeed; 130 and 141, as a shell says
it, for Ctrl-C and for a reader of our output that went away.
"""

import argparse
import http.client
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import cv2
from tqdm import tqdm

from contract.ids import CameraId, is_name
from edge import balena
from edge.config.explain import explain
from edge.config.live import begin
from edge.config.load import load
from edge.config.schema import Config, Detect
from edge.daemon import Requests
from edge.errors import ConfigError, OutboxError
from edge.gateway import open_detectors
from edge.pipeline import Sees
from edge.replay import Source, SourceError, Tally, Video, line, open_source, play
from edge.statements import program_version
from imaging.manifest import ModelError
from objectstore.store import StoreError
from service import events
from service.clock import SystemClock
from service.events import Event, log
from service.link import LinkError

EX_CONFIG = 78
CTRL_C = 130
READER_GONE = 141
DEFAULT_FILE = Path("/etc/stillwatch/edge.yaml")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    cv2.setNumThreads(1)  # threads are ours: one per worker
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        _arrange(options)
        status = command(options)
        sys.stdout.flush()
    except ConfigError as error:
        return _refuse("configuration", *map(str, error.complaints))
    except OutboxError as error:
        return _refuse("outbox", f"{error} ({_OUTBOX_HINT})")
    except (ModelError, LinkError, StoreError, SourceError) as error:
        return _refuse(_WORDS[next(kind for kind in _WORDS if isinstance(error, kind))], str(error))
    except KeyboardInterrupt:
        return CTRL_C
    except BrokenPipeError:  # as in `| head`; what Python still holds must not find it closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return status


_WORDS: dict[type[Exception], str] = {
    ModelError: "model",
    LinkError: "connection",
    StoreError: "object store",
    SourceError: "source",
}
_OUTBOX_HINT = "one daemon per folder: see deliver.outbox.path, and whether another one runs"


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


def _arrange(options: argparse.Namespace) -> None:
    """On a balena device its variables choose the file and add to the environment."""
    found = balena.arrange(_file(options), os.environ)
    options.config, options.notice = found.file, found.notice
    os.environ.update(found.variables)


def _run(options: argparse.Namespace) -> int:
    requests = _requests()
    path = _file(options)
    start = begin(path, os.environ)
    events.configure(level=start.loaded.config.runtime.log_level)
    log(Event.DAEMON_STARTED, version=program_version(), config=start.loaded.version)
    if start.refused:
        log(Event.CONFIG_RESTORED, reasons=[str(c) for c in start.refused])
    if options.notice:
        print(f"stillwatch-edge: {options.notice}", file=sys.stderr)
    daemon = balena.daemon_class(os.environ)
    return daemon(start.loaded, path, os.environ, SystemClock(), requests).run()


def _requests() -> Requests:
    """What signals ask for from here on, also while the parts are still being built."""
    requests = Requests()

    def stop(*_: object) -> None:
        requests.stop = True

    def reload(*_: object) -> None:
        requests.reload = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    signal.signal(signal.SIGHUP, reload)
    return requests


def _check(options: argparse.Namespace) -> int:
    print(explain(load(_file(options), os.environ)))
    return 0


def _health(options: argparse.Namespace) -> int:
    runtime = begin(_file(options), os.environ).loaded.config.runtime
    if runtime.metrics_port == 0:
        print("runtime.metrics_port is 0: the daemon answers nobody", file=sys.stderr)
        return 1
    url = f"http://{runtime.metrics_host}:{runtime.metrics_port}/healthz"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=5) as answer:
            print(answer.read().decode())
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode())
    except (OSError, http.client.HTTPException) as error:
        print(f"{url}: {error}; is the daemon running?", file=sys.stderr)
    return 1


def _replay(options: argparse.Namespace) -> int:
    config = load(_file(options), os.environ).config
    if not is_name(options.camera):
        raise SourceError(f"camera id {options.camera!r} is not 1 to 64 of a-z 0-9 _ -")
    source = open_source(options.source)
    own = source.fps if isinstance(source, Video) else 5.0
    fps: float = own if options.fps is None else options.fps
    if not 0 < fps <= 1000:
        raise SourceError(f"--fps {fps} is not over 0 and at most 1000")
    events.configure(level="warning")
    detector = open_detectors(config.model_copy(update={"detect": _single(config)}))[0]
    _write(_lines(source, config, CameraId(options.camera), fps, detector), options.jsonl)
    return 0


def _write(lines: Iterable[str], path: Path | None) -> None:
    if path is None:
        for text in lines:
            print(text)
        return
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"{text}\n" for text in lines)
    except OSError as error:
        raise SourceError(f"{path} cannot be written: {error.strerror}") from error


def _lines(
    source: Source, config: Config, camera: CameraId, fps: float, detector: Sees
) -> Iterator[str]:
    """One JSON line per frame and the summary, with a progress bar on a terminal."""
    tally = Tally()
    steps = play(source, config, camera, fps, detector)
    total = len(source) or None
    for step in tqdm(steps, total=total, unit="frame", disable=not sys.stderr.isatty()):
        tally.count(step)
        yield line(step)
    yield tally.line()


def _single(config: Config) -> Detect:
    return config.detect.model_copy(update={"workers": 1})


if __name__ == "__main__":
    sys.exit(main())
