"""A real daemon that takes up a configuration on a balena device: when may it, and what holds it.

balena's folder has a fixed place; it is made for these tests where it does not exist.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from edge.daemon.update_lock import LOCK
from tests.deploy.conftest import ROOT
from tests.links import wait_until
from tests.processes import until

CONFIG = """
runtime: {metrics_port: 0}
intake: {broker: {host: 127.0.0.1, port: 9}}
"""


@pytest.fixture
def lock() -> Iterator[Path]:
    """The path of the lock, in an existing folder, with nobody holding it."""
    made = not LOCK.parent.exists()
    LOCK.parent.mkdir(exist_ok=True)
    if LOCK.exists():
        pytest.skip(f"{LOCK} is held by somebody else")
    yield LOCK
    LOCK.unlink(missing_ok=True)
    if made:
        with suppress(OSError):
            LOCK.parent.rmdir()


class Daemon:
    """A running `python -m edge run`, and what it has logged."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, config: Path) -> None:
        self.process, self._log, self._config = process, log, config

    def count(self, event: str) -> int:
        lines = [line for line in self._log.read_text().splitlines() if line.startswith("{")]
        return sum(json.loads(line)["event"] == event for line in lines)

    def change(self, text: str) -> None:
        """Writes the file and asks the daemon to take it up."""
        self._config.write_text(CONFIG + text)
        self.process.send_signal(signal.SIGHUP)

    def says(self, text: str) -> bool:
        return text in self._log.read_text()


@contextmanager
def daemon(folder: Path) -> Iterator[Daemon]:
    config, log = folder / "edge.yaml", folder / "log"
    config.write_text(CONFIG)
    environ = os.environ | {
        "BALENA": "1",
        "BALENA_DEVICE_UUID": "0123456789abcdef",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "edge", "run", "--config", str(config)]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, env=environ, cwd=folder, stdout=sink, stderr=sink)
    running = Daemon(process, log, config)
    try:
        until(lambda: running.count("daemon_ready") == 1, process, log)
        yield running
    finally:
        process.kill()
        process.wait()


def test_a_configuration_is_taken_up_under_the_lock_and_the_lock_is_let_go(
    lock: Path, tmp_path: Path
) -> None:
    with daemon(tmp_path) as running:
        running.change("gate: {min_diff: 20}\n")
        wait_until(lambda: running.count("config_applied") == 1, "config_applied")
        assert list(lock.parent.iterdir()) == []


def test_the_lock_is_there_while_a_network_is_opened(lock: Path, tmp_path: Path) -> None:
    with daemon(tmp_path) as running:
        running.change("gate: {min_diff: 21}\n")
        wait_until(lambda: running.count("config_applied") == 1, "config_applied")
        running.change("detect: {model: nanodet-g-320-int8}\n")
        wait_until(lock.exists, "the lock")
        wait_until(lambda: not lock.exists(), "its release")
        wait_until(lambda: running.count("config_applied") == 2, "config_applied")


def test_while_balena_holds_it_nothing_is_taken_up(lock: Path, tmp_path: Path) -> None:
    with daemon(tmp_path) as running:
        lock.write_text("balena's")
        running.change("gate: {min_diff: 22}\n")
        wait_until(lambda: running.count("config_refused") == 1, "config_refused")
        assert running.says("an update of this device is under way")
        assert running.count("config_applied") == 0
        assert lock.read_text() == "balena's"
        lock.unlink()
        running.change("gate: {min_diff: 22}\n")
        wait_until(lambda: running.count("config_applied") == 1, "config_applied")


def test_a_daemon_killed_with_the_lock_blocks_no_update_after_its_restart(
    lock: Path, tmp_path: Path
) -> None:
    with daemon(tmp_path) as running:
        running.change("detect: {model: nanodet-g-320-int8}\n")
        wait_until(lock.exists, "the lock")
        running.process.kill()
        running.process.wait()
    assert lock.exists()
    with daemon(tmp_path):
        assert not lock.exists()
