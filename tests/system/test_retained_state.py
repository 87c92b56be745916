"""What stays retained when a gateway stops, dies and comes back: at the site and at the cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Broker
from tests.system.daemons import end, wait
from tests.system.sites import STREET, Ear, ear, edge, settings, uplink

pytestmark = pytest.mark.slow


def alarming(broker: Broker, root: str, folder: Path, **deliver: object) -> dict[str, Any]:
    """Nobody answers, so every picture of the street turns its camera's threat ON at once."""
    config = settings(broker, root, folder, deadline_s=1, **deliver)
    config["camera_defaults"] = {"snapshot_after_s": 1.0}
    config["cameras"] = {"listed": {"snapshot_after_s": 1.0}}
    return config


def retained(broker: Broker, root: str, topic: str) -> bytes | None:
    """What somebody hears who comes now."""
    with ear(broker, root) as late:
        found = late.wait(lambda: bool(late.on(topic)))
        return late.on(topic)[-1] if found else None


def heard(ear_: Ear, topic: str, last: bytes | None = None) -> bool:
    """Waits until something was said there, `last` if that is given."""
    return ear_.wait(lambda: bool(ear_.on(topic)) and last in {None, ear_.on(topic)[-1]})


def raise_alarms(site: Ear, *cameras: str) -> None:
    for camera in cameras:
        site.publish(f"{site.root}-cameras/{camera}/image", STREET)
    for camera in cameras:
        assert heard(site, f"gw/{camera}/threat", b"ON"), camera


def test_the_farewell_ends_threats_and_leaves_no_camera_online(
    mosquitto: Broker, root: str, listening: Ear, tmp_path: Path
) -> None:
    config = alarming(mosquitto, root, tmp_path, threat_hold_s=3600)
    with edge(tmp_path, config) as daemon:
        raise_alarms(listening, "listed", "found")
        assert listening.wait(lambda: listening.on("gw/found/status")[-1:] == [b"online"])
        assert end(daemon) == 0
    for camera in ("listed", "found"):
        assert retained(mosquitto, root, f"gw/{camera}/threat") == b"OFF"
        assert retained(mosquitto, root, f"gw/{camera}/status") == b"offline"
    assert retained(mosquitto, root, "gw/status") == b"stopped"


@pytest.mark.parametrize("silent_first", [False, True])
def test_after_a_kill_the_next_start_ends_what_was_on(
    mosquitto: Broker, root: str, listening: Ear, tmp_path: Path, silent_first: bool
) -> None:
    config = alarming(mosquitto, root, tmp_path, threat_hold_s=15)
    with edge(tmp_path, config) as daemon:
        raise_alarms(listening, "listed", "found")
        daemon.process.kill()
        daemon.process.wait()
    assert listening.wait(lambda: listening.on("gw/status")[-1:] == [b"offline"])
    assert retained(mosquitto, root, "gw/found/threat") == b"ON"
    if silent_first:  # its time passes while nobody runs
        listening.wait(lambda: False, patience_s=16)
    with edge(tmp_path, config):
        for camera in ("listed", "found"):
            assert heard(listening, f"gw/{camera}/threat", b"OFF")
            assert heard(listening, f"gw/{camera}/status", b"offline")
    if silent_first:
        assert listening.on("gw/found/threat").count(b"ON") == 1


def test_the_cloud_hears_that_the_gateway_and_its_cameras_live(
    site_broker: Broker, cloud_broker: Broker, root: str, tmp_path: Path
) -> None:
    config = alarming(site_broker, root, tmp_path, uplink=uplink(cloud_broker))
    with ear(site_broker, root) as site, ear(cloud_broker, root) as cloud:
        with edge(tmp_path, config) as daemon:
            raise_alarms(site, "found")
            expected = ("gw/status", "gw/info", "gw/health", "gw/stats", "gw/found/status")
            for topic in (*expected, "gw/found/health"):
                assert heard(cloud, topic), topic
            stats = json.loads(cloud.on("gw/stats")[-1])
            assert set(stats["destinations"]) == {"site", "cloud"}
            assert cloud.on("gw/found/threat") == []
            daemon.process.kill()
            daemon.process.wait()
            assert cloud.wait(lambda: cloud.on("gw/status")[-1:] == [b"offline"])
            assert site.wait(lambda: site.on("gw/status")[-1:] == [b"offline"])
        with edge(tmp_path, config) as daemon:
            assert cloud.wait(lambda: cloud.on("gw/status")[-1:] == [b"online"])
            assert cloud.wait(lambda: cloud.on("gw/found/status")[-1:] == [b"offline"])
            wait(daemon, lambda: daemon.health().get("status") == "ok")
            assert end(daemon) == 0
        assert cloud.wait(lambda: cloud.on("gw/status")[-1:] == [b"stopped"])
    assert retained(site_broker, root, "gw/status") == b"stopped"
