"""A cloud worker whose process keeps its model from one test to the next.

To open TensorFlow and the networks takes a worker longer than most tests have for it. This process
does again and again what `python -m cloud serve` does, with what it has opened before. For each
line on its stdin, a log file and arguments, it serves until SIGTERM, writing to that log, and then
says the exit status. What a worker's own start and end are about has processes of its own
(`cloud_workers.workers`).
"""

from __future__ import annotations

import functools
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import cloud.serve.process
from cloud.__main__ import main
from service import events
from tests.integration.cloud_workers import CHECKOUT, Serving, arguments
from tests.processes import free_port, until
from tests.servers import Broker

STOP_S = 30.0


class WarmWorker:
    """Serves for one test after another; started when the first asks, and again after a kill."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def serving(
        self,
        folder: Path,
        broker: Broker,
        store: str,
        root: str,
        policy: Mapping[str, float] | None = None,
    ) -> Iterator[Serving]:
        """A worker that holds its subscription below `root`, until the end of the block."""
        folder.mkdir(exist_ok=True)
        port, log = free_port(), folder / "worker.log"
        words = [*arguments(folder, broker, store, root, policy), "--metrics-port", str(port)]
        process = self._ready(folder)
        assert process.stdin is not None
        process.stdin.write(json.dumps([str(log), *words]).encode() + b"\n")
        process.stdin.flush()
        log.touch()
        worker = Serving(process=process, port=port, log=log)
        try:
            until(worker.subscribed, process, log)
            yield worker
        finally:
            process.terminate()
            self._until_ended(process)

    def end(self) -> None:
        """No more tests."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _ready(self, folder: Path) -> subprocess.Popen[bytes]:
        """The process that is there, or a new one."""
        if self._process is None or self._process.poll() is not None:
            with (folder / "opening.log").open("ab") as sink:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.integration.warm_worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=sink,
                    cwd=CHECKOUT,
                )
        return self._process

    def _until_ended(self, process: subprocess.Popen[bytes]) -> None:
        """It has left in order; whoever cannot is killed, and the next test has another."""
        assert process.stdout is not None
        answered, _, _ = select.select([process.stdout], [], [], STOP_S)
        if not answered or not process.stdout.readline():
            process.kill()
            process.wait()


def serve_again_and_again(asked: TextIO, said: TextIO) -> None:
    """Until `asked` ends."""
    kept = functools.cache(cloud.serve.process.open_model)  # type: ignore[attr-defined]  # not exported
    setattr(cloud.serve.process, "open_model", kept)  # noqa: B010, the one thing that is not done anew
    for line in asked:
        log, *words = json.loads(line)
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)
        events.configure()  # nothing is left out since an earlier test has heard it
        status = main(words)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it was told to stop already
        sys.stdout.flush()
        print(status, file=said, flush=True)


if __name__ == "__main__":
    serve_again_and_again(sys.stdin, os.fdopen(os.dup(1), "w"))
