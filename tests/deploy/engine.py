"""podman for tests: commands that must succeed, and what a container has said."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from tests.processes import binary


def podman(*arguments: str, stdin: str = "") -> str:
    """What it prints; fails if it fails."""
    return _run(arguments, stdin).stdout


def log(container: str) -> str:
    """All that a container has said, on both streams."""
    done = _run(("logs", container), "")
    return done.stdout + done.stderr


def inspect(container: str) -> dict[str, Any]:
    """Its settings and state."""
    [found] = json.loads(podman("inspect", container))
    facts: dict[str, Any] = found
    return facts


def _run(arguments: tuple[str, ...], stdin: str) -> subprocess.CompletedProcess[str]:
    tool = binary("podman", "apt-get install podman")
    done = subprocess.run(
        [tool, *arguments], check=False, input=stdin, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done


def image(variable: str) -> str:
    """The image that the environment names; skips without one."""
    if variable not in os.environ:
        pytest.skip(f"{variable} names no image")
    return os.environ[variable]
