"""Bad input through the real broker: counted, bounded, and nothing else is lost."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from tests.servers import Broker
from tests.system.sites import CHECKOUT, STREET, clip, ear, edge, play, settings

GROWTH_BYTES = 200_000_000

pytestmark = pytest.mark.slow


def malformed() -> list[Path]:
    data = os.environ.get("STILLWATCH_DATA")
    if not data:
        pytest.skip("STILLWATCH_DATA is not set: the malformed pictures are not here")
    files = sorted((Path(data) / "malformed").iterdir())
    return [file for file in files if file.suffix != ".json"]


def test_every_malformed_picture_ends_somewhere_and_the_daemon_goes_on(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = "malformed"
    config = settings(mosquitto, root, tmp_path)
    config["camera_defaults"] = {"kind": "snapshot"}
    with ear(mosquitto, root) as listening, edge(tmp_path, config) as daemon:
        listening.publish(f"{root}-cameras/gate/image", STREET)
        assert listening.wait(lambda: daemon.settled("gate", 1))
        memory = psutil.Process(daemon.process.pid)
        before = memory.memory_info().rss
        files = malformed()
        cameras = [f"cam{n}" for n in range(16)]
        for camera in cameras:  # who never sent a usable picture is counted as unknown
            listening.publish(f"{root}-cameras/{camera}/image", STREET)
        assert listening.wait(lambda: all(daemon.settled(camera, 1) for camera in cameras))
        for number, file in enumerate(files):
            topic = f"{root}-cameras/cam{number % 16}/image"
            listening.publish(topic, file.read_bytes())
        sent = [1 + len(files[n::16]) for n in range(16)]
        assert listening.wait(
            lambda: all(
                daemon.settled(camera, count) for camera, count in zip(cameras, sent, strict=True)
            )
        ), [
            (c, n, daemon.frames(c))
            for c, n in zip(cameras, sent, strict=True)
            if not daemon.settled(c, n)
        ]
        assert memory.memory_info().rss - before < GROWTH_BYTES
        listening.publish(f"{root}-cameras/gate/image", STREET)
        assert listening.wait(lambda: daemon.settled("gate", 2))
        health = daemon.health()
        assert {one["reason"] for one in health["reasons"]} <= {"pictures_rejected"}, health


def test_hostile_topics_and_payload_shapes_are_counted_with_their_reason(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = "hostile"
    config = settings(mosquitto, root, tmp_path)
    config["intake"] |= {"max_cameras": 1}
    config["cameras"] = {"a": {}}
    walkers = clip(CHECKOUT / "footage" / "walkers.mp4", begin_s=9, seconds=1)
    with ear(mosquitto, root) as listening, edge(tmp_path, config) as daemon:
        listening.publish(f"{root}-cameras/!!!/image", b"x")
        for camera in ("b", "c"):
            listening.publish(f"{root}-cameras/{camera}/image", walkers[0])
        listening.publish(f"{root}-cameras/a/image", b"{not json")
        listening.publish(f"{root}-cameras/a/image/data", b"a piece without a start")
        play(listening, f"{root}-cameras/a/image", walkers)
        assert listening.wait(lambda: daemon.settled("a", 2 + len(walkers)))
        assert listening.wait(lambda: daemon.settled("_unknown", 2))
        reasons = daemon.get("/metrics")[1]
    for reason in ("unknown_camera", "too_many_cameras", "bad_json", "chunk_order"):
        assert f'reason="{reason}"' in reasons
