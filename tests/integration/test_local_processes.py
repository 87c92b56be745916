"""Children of a run: ready or told why not, and none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from service.clock import SystemClock
from tools import CHECKOUT
from tools.demo.local.processes import ChildProcess, RunError, end, start, wait_until

STUBBORN = """
import signal, subprocess, sys, threading
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
print(grandchild.pid, flush=True)
threading.Event().wait()
"""


@pytest.fixture
def program() -> Iterator[list[ChildProcess]]:
    children: list[ChildProcess] = []
    yield children
    end(children, 0.1)


def write(folder: Path, body: str) -> list[str]:
    """A module that `python -m` runs wherever it is started."""
    (folder / "childprogram.py").write_text(body)
    return ["childprogram"]


def begin(folder: Path, body: str) -> ChildProcess:
    return start("part", write(folder, body), folder, {"PYTHONPATH": str(folder)})


def test_a_child_that_dies_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = begin(tmp_path, "import sys; sys.exit('no such model')")
    with pytest.raises(RunError, match=r"(?s)part ended by itself \(status 1\).*no such model"):
        wait_until(lambda: False, child, SystemClock(), threading.Event(), 20)


def test_a_child_that_never_gets_ready_is_given_up(
    tmp_path: Path, program: list[ChildProcess]
) -> None:
    program.append(begin(tmp_path, "import threading; threading.Event().wait()"))
    with pytest.raises(RunError, match="not ready within 0 s"):
        wait_until(lambda: False, program[0], SystemClock(), threading.Event(), 0.3)


def test_waiting_ends_at_once_when_the_run_is_stopped(
    tmp_path: Path, program: list[ChildProcess]
) -> None:
    program.append(begin(tmp_path, "import threading; threading.Event().wait()"))
    stop = threading.Event()
    stop.set()
    assert not wait_until(lambda: False, program[0], SystemClock(), stop, 20)


def test_a_child_that_does_not_listen_is_killed_with_all_it_started(tmp_path: Path) -> None:
    child = begin(tmp_path, STUBBORN)
    wait_until(
        lambda: child.log.read_bytes().endswith(b"\n"), child, SystemClock(), threading.Event(), 20
    )
    grandchild = psutil.Process(int(child.log.read_text()))
    end([child], 0.2)
    assert child.process.returncode == -signal.SIGKILL
    assert _gone(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of our death")
def test_children_end_when_we_are_killed_outright(tmp_path: Path) -> None:
    write(tmp_path, "import threading; threading.Event().wait()")
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE, cwd=CHECKOUT
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    assert _gone(child)


_PARENT = """
import sys, threading
from pathlib import Path
from tools.demo.local.processes import start
folder = Path(sys.argv[1])
print(start("part", ["childprogram"], folder, {"PYTHONPATH": str(folder)}).process.pid, flush=True)
threading.Event().wait()
"""


def _gone(process: psutil.Process) -> bool:
    """Whether it ends within some seconds; an orphan that nobody reaps counts as gone."""
    until, clock = SystemClock().mono() + 10, SystemClock()
    while clock.mono() < until:
        if not psutil.pid_exists(process.pid) or process.status() == psutil.STATUS_ZOMBIE:
            return True
        clock.wait(threading.Event(), 0.05)
    os.kill(process.pid, signal.SIGKILL)
    return False
