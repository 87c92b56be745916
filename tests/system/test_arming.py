"""Arming from afar, over a real broker: silence, accounting, state, and the next start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.servers import Broker
from tests.system.daemons import wait
from tests.system.sites import WALKERS, Ear, Edge, clip, ear, edge, play, settings

pytestmark = pytest.mark.slow


def tell(listening: Ear, root: str, setting: str, word: str) -> None:
    """What somebody's app does; returns when the edge has said that it is so."""
    topic = f"gw/yard/{setting}/state"
    before = len(listening.on(topic))
    listening.publish(f"{root}/gw/yard/{setting}/set", word.encode())
    assert listening.wait(lambda: len(listening.on(topic)) > before)
    assert listening.on(topic)[-1] == word.encode()


def walk(camera: Ear, root: str, daemon: Edge, before: int) -> int:
    """Walkers pass; returns how many frames came so far, all of which have ended somewhere."""
    pictures = clip(WALKERS, begin_s=8, seconds=4)
    play(camera, f"{root}-cameras/yard/image", pictures)
    received = before + len(pictures)
    wait(daemon, lambda: daemon.settled("yard", received))
    return received


def suspicions(daemon: Edge) -> int:
    return len(daemon.events("suspicion_raised"))


def test_disarmed_nothing_leaves_and_armed_again_it_does_also_after_a_restart(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = f"arm{os.getpid()}"
    config = settings(mosquitto, root, tmp_path)
    config["camera_defaults"] = {"kind": "stream"}
    with ear(mosquitto, root) as listening, ear(mosquitto, f"{root}-cameras") as camera:
        with edge(tmp_path, config) as daemon:
            tell(listening, root, "armed", "OFF")
            frames = walk(camera, root, daemon, 0)
            assert daemon.frames("yard")["analysed"] > 5
            assert suspicions(daemon) == 0
        with edge(tmp_path, config) as daemon:
            assert listening.wait(lambda: bool(listening.on("gw/yard/armed/state")))
            assert listening.on("gw/yard/armed/state")[-1] == b"OFF"
            frames = walk(camera, root, daemon, 0)
            assert suspicions(daemon) == 0
            tell(listening, root, "armed", "ON")
            walk(camera, root, daemon, frames)
            wait(daemon, lambda: suspicions(daemon) > 0)
            assert listening.wait(lambda: bool(listening.on("gw/yard/suspect")))


def test_an_old_command_that_the_broker_kept_disarms_nobody(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = f"old{os.getpid()}"
    config = settings(mosquitto, root, tmp_path)
    config["cameras"] = {"yard": {"kind": "stream"}}
    with ear(mosquitto, root) as listening:
        command = f"{root}/gw/yard/armed/set"
        listening.link.publish(command, b"OFF", 1, True).wait(30)
        with edge(tmp_path, config) as daemon:
            wait(daemon, lambda: bool(daemon.events("message_refused")))
            assert "without the retain flag" in daemon.events("message_refused")[0]["reason"]
            assert listening.wait(lambda: bool(listening.on("gw/yard/armed/state")))
            assert set(listening.on("gw/yard/armed/state")) == {b"ON"}
        listening.link.publish(command, b"", 1, True).wait(30)


def test_a_disabled_camera_is_not_looked_at_and_its_frames_are_counted(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = f"off{os.getpid()}"
    config = settings(mosquitto, root, tmp_path)
    with (
        ear(mosquitto, root) as listening,
        ear(mosquitto, f"{root}-cameras") as camera,
        edge(tmp_path, config) as daemon,
    ):
        tell(listening, root, "enabled", "OFF")
        received = walk(camera, root, daemon, 0)
        assert daemon.frames("yard")["rejected"] == received
        tell(listening, root, "enabled", "ON")
        walk(camera, root, daemon, received)
        assert daemon.frames("yard")["analysed"] > 0
