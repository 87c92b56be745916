"""The processes of a run: started with a log each, waited for, and ended for certain.

SHELL. Each child leads a session of its own, so that Ctrl-C reaches only us and we decide the order
of ending. Should we be killed outright, the kernel ends the children (Linux). Only what was started
here is ever ended, by its handle. Called by `run`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from service.clock import Clock
from tools import CHECKOUT

TAIL_LINES = 15
TAIL_BYTES = 8_000
"""What of a log is shown when its part fails."""
POLL_S = 0.2
PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


class RunError(Exception):
    """The run cannot go on; the text says which part failed and how its log ends."""


@dataclass(frozen=True, slots=True)
class ChildProcess:
    """A process of ours, its name for people, and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def failure(self, what: str) -> RunError:
        """`what` happened to this child, with the end of its log."""
        return RunError(f"{self.name} {what}; its log {self.log} ends with:\n{tail(self.log)}")

    def check(self) -> None:
        """Raises `RunError` if the child has ended by itself."""
        if not self.running:
            raise self.failure(f"ended by itself (status {self.process.returncode})")


def start(
    name: str, module: list[str], logs: Path, env: dict[str, str] | None = None
) -> ChildProcess:
    """`python -m MODULE ARGS` in a session of its own, from the checkout, writing to a log."""
    log = logs / f"{name}.log"
    settings = {**os.environ, "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "2", **(env or {})}
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd=CHECKOUT,
            env=settings,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509, it calls one system call and no Python code that locks
        )
    return ChildProcess(name, process, log)


_prctl = getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Runs in the child: the kernel is to end it when we are gone."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def wait_until(
    ready: Callable[[], bool],
    child: ChildProcess,
    clock: Clock,
    stop: threading.Event,
    timeout_s: float,
) -> bool:
    """Waits until `ready`; False if `stop` came first.

    Raises `RunError` if the child ends or is not ready within `timeout_s`.
    """
    until_s = clock.mono() + timeout_s
    while not ready():
        child.check()
        if clock.mono() >= until_s:
            raise child.failure(f"was not ready within {timeout_s:.0f} s")
        if clock.wait(stop, POLL_S):
            return False
    return True


def end(children: Iterable[ChildProcess], patience_s: float) -> None:
    """Tells all of them to stop, waits `patience_s` for each, and kills what is left."""
    those = tuple(children)
    for child in those:
        _signal(child, signal.SIGTERM)
    for child in those:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(patience_s)
        _signal(child, signal.SIGKILL)
        child.process.wait()


def _signal(child: ChildProcess, number: signal.Signals) -> None:
    """To the child alone when asking, to its whole group when killing what may be left of it."""
    with suppress(ProcessLookupError):
        if number == signal.SIGKILL:
            os.killpg(child.process.pid, number)
        elif child.running:
            child.process.send_signal(number)


def tail(log: Path) -> str:
    """The last lines of a log, bounded."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(f"    {line[:400]}" for line in lines[-TAIL_LINES:]) or "    (nothing)"
    return "    (no log)"
