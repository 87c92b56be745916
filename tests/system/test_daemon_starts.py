"""What a start refuses, and that it says so in words; what `check-config` shows."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.config.load import digest
from edge.config.schema import EdgeConfig
from tests.disks import disk, failing
from tests.models import changed
from tests.processes import HOST, free_port
from tests.servers import Broker
from tests.system.daemons import cli, end, kept, unready, wait
from tests.system.sites import CHECKOUT, Edge, edge, settings

SMALL = "nanodet-g-320-int8"

pytestmark = pytest.mark.slow


def refusal(folder: Path, config: Mapping[str, Any] | str) -> str:
    """What a start says that must end with 78 and in words."""
    file = folder / "edge.yaml"
    file.write_text(config if isinstance(config, str) else yaml.safe_dump(dict(config)))
    run = cli("run", "--config", file, folder=folder)
    assert run.returncode == 78, run.stderr
    assert "Traceback" not in run.stderr
    return "\n".join(line for line in run.stderr.splitlines() if not line.startswith('{"ts"'))


FIVE_FAULTS = """
gatee: {}
gateway: {id: Front Door}
intake: {broker: {port: 99999, password: x}}
detect: {runtime: tflight}
"""
FAULTS = ("gatee", "gateway.id", "intake.broker.port", "intake.broker.password", "detect.runtime")


def test_a_file_with_five_faults_is_refused_with_all_five_and_hints(tmp_path: Path) -> None:
    said = refusal(tmp_path, FIVE_FAULTS)
    check = cli("check-config", "--config", tmp_path / "edge.yaml", folder=tmp_path)
    assert check.returncode == 78
    for text in (said, check.stderr):
        lines = [line.removeprefix("configuration: ") for line in text.splitlines()]
        assert sorted(line.split(": ")[0] for line in lines) == sorted(FAULTS)
        for hint in ("did you mean 'gate'?", "1 to 64 of a-z", "1 to 65535", "password_file"):
            assert hint in text
        assert "did you mean 'tflite'?" in text


def test_check_config_prints_every_value_with_its_origin_and_the_memory(tmp_path: Path) -> None:
    (tmp_path / "edge.yaml").write_text("gateway: {id: here}")
    shown = cli("check-config", "--config", "edge.yaml", folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    words = [line.split() for line in shown.stdout.splitlines()]
    assert ["gateway.id", "file", "here"] in words
    assert ["gate.min_diff", "default", "10"] in words
    assert any(line[:1] == ["together"] for line in words)


def test_the_example_is_accepted_and_is_exactly_the_defaults(tmp_path: Path) -> None:
    example = CHECKOUT / "config" / "edge.example.yaml"
    shown = cli("check-config", "--config", example, folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert digest(EdgeConfig()) in shown.stdout


def test_a_model_that_does_not_fit_is_refused_with_the_reason(
    mosquitto: Broker, tmp_path: Path
) -> None:
    config = settings(mosquitto, "model", tmp_path)
    model = changed(SMALL, tmp_path / "model", sha256="0" * 64)
    said = refusal(tmp_path, config | {"detect": {"model": str(model)}})
    assert said.startswith("model: ")
    assert "sha256" in said
    assert "no-such-model" in refusal(tmp_path, config | {"detect": {"model": "no-such-model"}})


def test_a_port_that_is_taken_is_said_with_its_key(mosquitto: Broker, tmp_path: Path) -> None:
    config = settings(mosquitto, "port", tmp_path)
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        config["runtime"]["metrics_port"] = port
        said = refusal(tmp_path, config)
    assert f"runtime.metrics_port: cannot listen on {HOST}:{port}" in said
    assert kept(tmp_path) == 0


def test_a_password_file_that_cannot_be_read_is_named(mosquitto: Broker, tmp_path: Path) -> None:
    config = settings(mosquitto, "password", tmp_path)
    config["intake"]["broker"] |= {"username": "gw", "password_file": str(tmp_path / "gone")}
    said = refusal(tmp_path, config)
    assert f"connection: password file {tmp_path}/gone" in said


def test_a_store_that_is_no_directory_is_said_until_it_is_one(
    mosquitto: Broker, tmp_path: Path
) -> None:
    file = tmp_path / "store"
    file.write_text("no folder")
    with unready(tmp_path, settings(mosquitto, "file", tmp_path)) as daemon:
        wait(daemon, lambda: "Not a directory" in unusable_store(daemon))
        assert daemon.health()["status"] == "degraded"
        assert "Not a directory" in daemon.events("store_failed")[0]["reason"]
        file.unlink()
        wait(daemon, lambda: daemon.health()["status"] == "ok")
        assert len(daemon.events("store_opened")) == 1


def test_a_store_where_nobody_may_write_is_said(mosquitto: Broker, tmp_path: Path) -> None:
    store = {"type": "dir", "path": "/sys/stillwatch"}  # root may not either
    with unready(tmp_path, settings(mosquitto, "rights", tmp_path, store=store)) as daemon:
        wait(daemon, lambda: "in /sys/stillwatch: " in unusable_store(daemon))
        said = unusable_store(daemon)
        assert any(words in said for words in ("not permitted", "denied", "Read-only")), said


def test_a_store_on_a_full_disk_is_said_until_there_is_room(
    mosquitto: Broker, tmp_path: Path
) -> None:
    with disk(tmp_path / "disk") as full, failing(full, "full"):
        store = {"type": "dir", "path": str(full / "store"), "min_free_bytes": 0}
        with unready(tmp_path, settings(mosquitto, "full", tmp_path, store=store)) as daemon:
            wait(daemon, lambda: "No space left on device" in unusable_store(daemon))
            (full / "filling").write_bytes(b"")
            wait(daemon, lambda: daemon.health()["status"] == "ok")


def unusable_store(daemon: Edge) -> str:
    """What health says about the store; empty while nothing."""
    reasons = daemon.health().get("reasons", ())
    return "".join(one["detail"] for one in reasons if one["reason"] == "store_unusable")


def test_a_second_daemon_on_the_same_outbox_is_refused_and_the_first_goes_on(
    mosquitto: Broker, tmp_path: Path
) -> None:
    config = settings(mosquitto, "second", tmp_path)
    with edge(tmp_path, config) as daemon:
        other = tmp_path / "other"
        other.mkdir()
        said = refusal(other, config | {"runtime": {"metrics_port": free_port()}})
        assert f"cannot open the outbox {tmp_path}/outbox" in said
        assert "whether another one runs" in said
        assert daemon.health()["status"] == "ok"
        assert end(daemon) == 0
