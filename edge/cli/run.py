"""`edge run`: the daemon, from its start to the signal that ends it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping

import cv2

from edge.config.live import Start
from edge.daemon.daemon import Requests
from edge.daemon.update_lock import daemon_class
from edge.daemon.version import program_version
from edge.errors import ConfigError
from edge.storage.state_files import patterns
from edge.update.boot import begin_updated, begin_without
from imaging.manifest import ModelError
from objectstore.store import StoreError
from service import events, library_lines
from service.clock import SystemClock
from service.events import Event, log
from service.link import LinkError
from service.private import close_off, make_private

SWITCH_S = 0.001
"""An analysis thread that comes back from OpenCV or the network waits no longer for Python's lock
while pictures flood in; by default 5 ms, dozens of times a frame, which halves its pace."""

REFUSALS: Mapping[type[Exception], str] = {
    ModelError: "model",
    LinkError: "connection",
    StoreError: "object store",
}


def command(options: argparse.Namespace) -> int:
    """Runs until asked to stop; the exit status is the daemon's."""
    cv2.setNumThreads(1)  # threads are ours: one per worker
    sys.setswitchinterval(SWITCH_S)
    make_private()
    library_lines.catch()
    requests = _requests()
    start = begin_updated(options.config, os.environ)
    events.configure(level=start.loaded.config.runtime.log_level)
    log(Event.DAEMON_STARTED, version=program_version(), config=start.loaded.version)
    close_off(start.loaded.config.deliver.outbox.path, patterns())
    _log_restored(start)
    if options.notice:
        print(f"stillwatch-edge: {options.notice}", file=sys.stderr)
    daemon = daemon_class(os.environ)
    clock = SystemClock()
    try:
        built = daemon(start.loaded, options.config, os.environ, clock, requests)
    except (ModelError, ConfigError) as error:
        _log_refused(error, start.loaded.config.detect.model)
        before = begin_without(options.config, os.environ, str(error))
        if before is None:
            raise
        _log_restored(before)
        built = daemon(before.loaded, options.config, os.environ, clock, requests)
    return built.run()


def _log_refused(error: ModelError | ConfigError, model: str) -> None:
    if isinstance(error, ModelError):
        log(Event.MODEL_REFUSED, model=model, reason=str(error))
    else:
        log(Event.CONFIG_REFUSED, reasons=[str(problem) for problem in error.problems])


def _log_restored(start: Start) -> None:
    """The last good configuration never runs in silence."""
    if start.refused:
        log(Event.CONFIG_RESTORED, reasons=[str(problem) for problem in start.refused])


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
