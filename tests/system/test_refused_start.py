"""A gateway whose first configuration is refused stays, and says why at the cloud's broker too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import child, until
from tests.servers import Broker
from tests.system.sites import CHECKOUT, Ear, ear, settings, uplink

pytestmark = pytest.mark.slow


def command(file: Path, refused: str = "wait") -> list[str]:
    env = ["env", f"PYTHONPATH={CHECKOUT}", f"STILLWATCH_REFUSED={refused}"]
    return [*env, sys.executable, "-m", "edge", "run", "--config", str(file)]


def said(listening: Ear, topic: str) -> bool:
    return bool(listening.on(topic))


def test_its_reasons_are_retained_at_both_brokers_and_a_repaired_file_ends_it(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path
) -> None:
    root = f"ref{os.getpid()}"
    config = settings(site_broker, root, tmp_path, uplink=uplink(cloud_broker))
    file, log = tmp_path / "edge.yaml", tmp_path / "edge.log"
    file.write_text(yaml.safe_dump({**config, "detect": {"min_score": 7, "mdoel": "x"}}))
    with ear(site_broker, root) as site, ear(cloud_broker, root) as cloud:
        with child(command(file), log) as process:
            for listening in (site, cloud):
                assert listening.wait(partial(said, listening, "gw/health"))
                health: dict[str, Any] = json.loads(listening.on("gw/health")[-1])
                assert health["status"] == "degraded"
                assert {one["reason"] for one in health["reasons"]} == {"config_refused"}
                details = " ".join(one["detail"] for one in health["reasons"])
                assert "detect.min_score" in details
                assert "detect.mdoel" in details
                assert listening.wait(partial(said, listening, "gw/status"))
                assert listening.on("gw/status")[-1] == b"stopped"
            assert process.poll() is None
            file.write_text(yaml.safe_dump(config))
            assert process.wait(60) == 0
        with child(command(file), log) as process:
            assert cloud.wait(lambda: cloud.on("gw/status")[-1:] == [b"online"])
            assert cloud.wait(lambda: b"config_refused" not in cloud.on("gw/health")[-1])


@pytest.mark.parametrize("document", [b"\xff", b"gateway: {id: NO}", b"nonsense: 1"])
def test_without_a_name_of_its_own_it_says_nothing_and_stays(
    tmp_path: Path, document: bytes
) -> None:
    file, log = tmp_path / "edge.yaml", tmp_path / "edge.log"
    file.write_bytes(document)
    with child(command(file), log) as process:
        until(lambda: "config_refused" in log.read_text(errors="replace"), process, log)
        process.terminate()
        assert process.wait(30) == 78
        assert "link_connected" not in log.read_text(errors="replace")


def test_elsewhere_it_ends_at_once_with_78(tmp_path: Path) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text("nonsense: 1")
    done = subprocess.run(
        command(file, ""), cwd=tmp_path, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 78
