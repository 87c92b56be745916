"""Thresholds, profiles and tests of alarms over a real broker, with the real daemon."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.integration.warm_worker import WarmWorker
from tests.servers import Broker
from tests.system.daemons import logged, wait
from tests.system.sites import Ear, ear, edge, settings
from tests.system.test_arming import suspicions, walk

pytestmark = pytest.mark.slow


def test_a_threshold_set_from_afar_decides_what_is_raised(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = f"live{os.getpid()}"
    config = settings(mosquitto, root, tmp_path)
    config["cameras"] = {"yard": {"kind": "stream"}}
    with ear(mosquitto, root) as listening, ear(mosquitto, f"{root}-cameras") as camera:
        with edge(tmp_path, config) as daemon:
            listening.publish(f"{root}/gw/yard/min_score/set", b"0.95")
            assert listening.wait(lambda: listening.on("gw/yard/min_score/state")[-1:] == [b"0.95"])
            walk(camera, root, daemon, 0)
            assert daemon.frames("yard")["analysed"] > 0  # as many as a busy machine manages
            assert suspicions(daemon) == 0
        with edge(tmp_path, config) as daemon:
            assert listening.wait(lambda: listening.on("gw/yard/min_score/state")[-1:] == [b"0.95"])
            listening.publish(f"{root}/gw/yard/min_score/set", b"0.01")
            refused = logged(daemon, "message_refused")[0]
            assert "neither a number from 0.05" in refused["reason"]
            listening.publish(f"{root}/gw/yard/min_score/set", b"default")
            assert listening.wait(lambda: listening.on("gw/yard/min_score/state")[-1:] == [b"0.3"])
            walk(camera, root, daemon, 0)
            wait(daemon, lambda: suspicions(daemon) > 0)


def test_a_profile_is_in_force_at_once_and_after_a_restart(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = f"prof{os.getpid()}"
    config = settings(mosquitto, root, tmp_path)
    config["cameras"] = {"yard": {"kind": "stream"}, "hall": {}}
    config["profiles"] = {"home": {"armed": False, "cameras": {"hall": {"armed": True}}}}

    def info() -> dict[str, object]:
        return dict(json.loads(listening.on("gw/info")[-1]))

    with ear(mosquitto, root) as listening, ear(mosquitto, f"{root}-cameras") as camera:
        with edge(tmp_path, config) as daemon:
            assert listening.wait(lambda: bool(listening.on("gw/info")))
            assert info()["profile"] is None
            wish = json.dumps({"value": "home", "by": "anna"}).encode()
            listening.publish(f"{root}/gw/_site/profile/set", wish)
            assert listening.wait(lambda: listening.on("gw/yard/armed/state")[-1:] == [b"OFF"])
            assert listening.wait(lambda: info()["profile"] == "home")
            assert info()["live"]["_site"]["profile"]["by"] == "anna"  # type: ignore[index]
            walk(camera, root, daemon, 0)
            assert suspicions(daemon) == 0
        before = len(listening.heard)
        with edge(tmp_path, config) as daemon:
            held = {
                (f"{root}/gw/yard/armed/state", b"OFF"),
                (f"{root}/gw/_site/profile/state", b"home"),
                (f"{root}/gw/hall/armed/state", b"ON"),
            }
            assert listening.wait(lambda: held <= set(listening.heard[before:]))
            listening.publish(f"{root}/gw/_site/profile/set", b"none")
            assert listening.wait(lambda: listening.on("gw/yard/armed/state")[-1:] == [b"ON"])
            walk(camera, root, daemon, 0)
            wait(daemon, lambda: suspicions(daemon) > 0)


def test_alarms_of_a_test_go_the_whole_way_marked_and_switch_no_threat(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path)
    config["cameras"] = {"yard": {"kind": "stream"}}
    with (
        cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{tmp_path / 'store'}", root),
        ear(mosquitto, f"{root}-cameras") as camera,
        edge(tmp_path, config) as daemon,
    ):
        listening.publish(f"{root}/gw/_site/on_test/set", b"60")
        assert listening.wait(lambda: listening.on("gw/_site/on_test/state")[-1:] == [b"ON"])
        frames = walk(camera, root, daemon, 0)
        assert listening.wait(lambda: bool(listening.verdicts()))
        assert {report.camera for report in listening.reports()} == {"yard"}
        assert all(report.test and report.audit for report in listening.reports())
        assert {(one.decision, one.test, one.severity) for one in listening.verdicts()} == {
            ("confirmed", True, 0)
        }
        assert set(listening.on("gw/yard/threat")) == {b"OFF"}
        listening.publish(f"{root}/gw/_site/on_test/set", b"OFF")
        assert listening.wait(lambda: listening.on("gw/_site/on_test/state")[-1:] == [b"OFF"])
        walk(camera, root, daemon, frames)
        assert listening.wait(lambda: b"ON" in listening.on("gw/yard/threat"))
        assert any(not report.test for report in listening.reports())
