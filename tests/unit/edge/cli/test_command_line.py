"""The command line loads what its verb needs, and no more."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[4]
HEAVY = ("cv2", "numpy", "paho", "prometheus_client", "ai_edge_litert", "edge.daemon.daemon")


def called(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT), **more}
    command = [sys.executable, "-X", "importtime", "-m", "edge", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_check_of_health_does_not_load_the_daemon(tmp_path: Path) -> None:
    (tmp_path / "edge.yaml").write_text("runtime: {metrics_port: 0}")
    told = called(tmp_path, "health", "--config", "edge.yaml")
    assert told.returncode == 1
    assert "the daemon answers nobody" in told.stderr
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "edge.config.live" in imported
    assert imported.isdisjoint(HEAVY)


def test_the_version_is_said(tmp_path: Path) -> None:
    told = called(tmp_path, "--version")
    assert told.returncode == 0
    assert told.stdout.strip()


def test_a_wrong_verb_is_wrong_use(tmp_path: Path) -> None:
    told = called(tmp_path, "dance")
    assert told.returncode == 2
    assert "invalid choice: 'dance'" in told.stderr


def test_without_time_zone_data_the_zone_is_named(tmp_path: Path) -> None:
    if find_spec("tzdata") is not None:
        pytest.skip("the package tzdata is installed: there is no system without data")
    (tmp_path / "edge.yaml").write_text(
        "decide: {schedules: [{id: night, time_zone: Europe/Berlin, "
        "windows: [{begin: '22:00', end: '06:00'}]}]}"
    )
    told = called(tmp_path, "check-config", "--config", "edge.yaml", PYTHONTZPATH="")
    assert told.returncode == 78
    said = "decide.schedules[0].time_zone: time zone 'Europe/Berlin': this system has no"
    assert f"configuration: {said} time zone data" in told.stderr
