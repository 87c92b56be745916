"""Packages while another apt works: the real apt-get, with folders and locks of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from tools import CHECKOUT

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt-get is not installed")


@pytest.fixture
def apt(tmp_path: Path) -> dict[str, str]:
    """An environment in which apt-get has no sources and writes below the test's folder."""
    for folder in ("lists/partial", "cache/archives/partial", "dpkg", "etc/apt", "log"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "dpkg/status").touch()
    places = {
        "Dir::State": tmp_path, "Dir::State::lists": tmp_path / "lists",
        "Dir::State::status": tmp_path / "dpkg/status", "Dir::Cache": tmp_path / "cache",
        "Dir::Etc": tmp_path / "etc/apt", "Dir::Log": tmp_path / "log",
    }  # fmt: skip
    config = tmp_path / "apt.conf"
    config.write_text("".join(f'{key} "{place}";\n' for key, place in places.items()))
    return dict(os.environ) | {"APT_CONFIG": str(config)}


@contextmanager
def installing(env: dict[str, str], *packages: str) -> Iterator[subprocess.Popen[str]]:
    command = [str(CHECKOUT / "tools" / "apt_install"), *packages]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        killer = threading.Timer(60, process.kill)
        killer.start()
        try:
            yield process
        finally:
            killer.cancel()


def held(lock: Path) -> TextIO:
    """The lock as another apt has it, until the file is closed."""
    file = lock.open("w")
    fcntl.lockf(file, fcntl.LOCK_EX)
    return file


@pytest.mark.parametrize("lock", ["lists/lock", "dpkg/lock-frontend"])
def test_a_lock_is_waited_for_and_said_once(apt: dict[str, str], tmp_path: Path, lock: str) -> None:
    with held(tmp_path / lock) as other, installing(apt) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "waiting for another apt or dpkg" in line
        assert lock in line
        other.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_lock_that_is_held_for_too_long_is_given_up_with_its_holder(
    apt: dict[str, str], tmp_path: Path
) -> None:
    with held(tmp_path / "lists/lock"), installing(apt | {"APT_WAIT_S": "0"}) as process:
        said = process.communicate()[1]
    assert process.returncode == 1
    assert f"held by process {os.getpid()}" in said
    assert "given up after" in said


def test_what_apt_says_of_anything_else_is_shown_at_once(apt: dict[str, str]) -> None:
    with installing(apt, "no-such-package") as process:
        said = process.communicate()[1]
    assert process.returncode == 1
    assert "Unable to locate package no-such-package" in said
    assert "waiting" not in said
