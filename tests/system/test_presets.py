"""Presets at a real broker: what each program publishes becomes pictures of the right cameras."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from edge.config.presets import PRESETS
from tests.servers import Broker
from tests.system.daemons import wait
from tests.system.sites import WALKERS, Ear, clip, ear, edge, settings
from tools.build.references.payloads import published

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("preset", PRESETS)
def test_what_a_program_publishes_are_pictures_of_its_cameras(
    mosquitto: Broker, listening: Ear, tmp_path: Path, preset: str
) -> None:
    config = settings(mosquitto, listening.root, tmp_path)
    del config["intake"]["topics"]
    config["intake"]["preset"] = preset
    messages = [one for one in published() if one.preset == preset]
    with edge(tmp_path, config) as daemon:
        for message in messages:
            for payload in message.payloads:
                listening.publish(message.topic, payload)
        cameras = Counter(message.camera for message in messages)
        for camera, count in cameras.items():
            wait(daemon, lambda name=camera, n=count: daemon.settled(name, n))  # type: ignore[misc]
            assert daemon.frames(camera)["rejected"] == 0
        assert {one["camera"] for one in daemon.events("camera_found")} == set(cameras)
        assert daemon.frames("_unknown").get("received", 0) == 0


def test_frigates_snapshots_of_several_labels_are_one_cameras_pictures(
    site_broker: Broker, tmp_path: Path
) -> None:
    config = settings(site_broker, "presets", tmp_path)
    del config["intake"]["topics"]
    config["intake"]["preset"] = "frigate"
    pictures = clip(WALKERS, begin_s=9, seconds=1)
    with ear(site_broker, "presets") as listening:
        before = listening.link.publish("frigate/front/person/snapshot", pictures[0], 1, True)
        before.wait(10)
        with edge(tmp_path, config) as daemon:
            for picture in pictures:
                listening.publish("frigate/front/person/snapshot", picture)
            listening.publish("frigate/front/car/snapshot", pictures[0])
            listening.publish("frigate/front/person", b"2")
            assert listening.wait(lambda: daemon.settled("front", len(pictures) + 1))
            assert daemon.frames("front").get("rejected", 0) == 0
            assert daemon.frames("_unknown")["rejected"] == 1, "the one that was retained"
