"""A service that could not work is refused before anything is written, by the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.service_unit.readable import HIDDEN

CHECKOUT = Path(__file__).resolve().parents[4]


def called(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT), **variables}
    command = [sys.executable, "-m", "edge", "install-service", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "edge.yaml"
    file.write_text("gateway: {id: gw}\n")
    return file


def test_a_faulty_configuration_is_told_in_full(config: Path) -> None:
    config.write_text("gateway: {id: gw, nmae: x}\nruntime: {log_level: loud}\n")
    done = called("--dry-run", "--config", str(config))
    assert (done.returncode, done.stdout) == (78, "")
    assert "gateway.nmae" in done.stderr
    assert "runtime.log_level" in done.stderr


def test_a_model_that_is_not_there_is_told(config: Path) -> None:
    config.write_text("detect: {model: no-such-model}\n")
    done = called("--dry-run", "--config", str(config))
    assert done.returncode == 78
    assert "no-such-model" in done.stderr


def test_what_the_sandbox_hides_is_refused(config: Path) -> None:
    """Tests keep their files where PrivateTmp= hides them."""
    if not any(map(config.resolve().is_relative_to, HIDDEN)):
        pytest.skip("temporary files are elsewhere here")
    done = called("--dry-run", "--config", str(config))
    assert (done.returncode, done.stdout) == (78, "")
    assert "which the service does not see" in done.stderr


def test_without_a_configuration_nothing_is_installed() -> None:
    if Path("/etc/stillwatch/edge.yaml").exists():
        pytest.skip("this machine has a configuration")
    done = called()
    assert done.returncode == 78
    assert "write it, or give --config" in done.stderr
