"""Child processes for tests: a program found, free ports, started, waited for, ended.

Every child is ended by its own handle: told to stop, then killed. Waiting is bounded and fails with
the end of the child's log.
"""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.demo.local import config as local

HOST = "127.0.0.1"
START_S = 120.0
"""A worker opens its networks with nine seconds of a processor, of which it may get a tenth."""
POLL_S = 0.05


def free_port() -> int:
    """A loopback port on which nothing listens, nor an outgoing connection of a test beside."""
    return local.free_port()


def lasting_port() -> int:
    """A free port that is given to nobody else while its server is away for a moment."""
    return local.free_port(range(5_000, 11_000))


def accepts(port: int) -> bool:
    """Whether something accepts TCP connections on the loopback `port`."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False


def ports_with_twins(count: int, apart: int) -> list[int]:
    """Ports below the ephemeral range whose twin `apart` higher is free as well."""
    chosen: list[int] = []
    for port in random.SystemRandom().sample(range(11_000, 22_000), 500):
        if local.is_free(port) and local.is_free(port + apart):
            chosen.append(port)
        if len(chosen) == count:
            return chosen
    raise RuntimeError("no free ports below the ephemeral range")


def binary(name: str, remedy: str) -> str:
    """The program beside the interpreter, in PATH or in /usr/sbin; skips the test without it."""
    beside = Path(sys.executable).parent / name
    found = (
        str(beside)
        if beside.is_file()
        else shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    )
    if found is None:
        pytest.skip(f"{name} is not installed: {remedy}")
    return found


def remove(files: Iterable[Path]) -> None:
    """Deletes what is there of `files`."""
    for file in files:
        file.unlink(missing_ok=True)


@contextmanager
def child(
    command: list[str], log: Path, patience_s: float = 10.0, user: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The running command; at the end it is told to stop and killed after `patience_s`. Root may
    start it as another `user`."""
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=log.parent, user=user
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until `ready`; fails with the log's end if the child ends or takes over `START_S`."""
    never = threading.Event()
    for _ in range(int(START_S / POLL_S)):
        if ready():
            return
        if process.poll() is not None:
            break
        never.wait(POLL_S)
    end = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{process.args!r} did not start (exit {process.poll()}):\n{end}")


def fetch(port: int, path: str) -> tuple[int, str]:
    """Status and body of a page of a process of ours; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""
