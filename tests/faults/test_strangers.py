"""Anybody may publish under any name: listed cameras keep their places and their share."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import paho.mqtt.client as mqtt
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests import servers
from tests.faults.cameras import streets
from tests.faults.conftest import scaled
from tests.system.sites import Ear, Edge, ear, edge, settings

CAMERAS = scaled("FLOOD_CAMERAS", 50)
FPS = scaled("FLOOD_FPS", 20)
STRANGERS = scaled("FLOOD_STRANGERS", 10_000)
SECONDS = scaled("FLOOD_SECONDS", 10)
MAY_GROW_BYTES = 60_000_000
TURNS_ENOUGH = 5
"""Per listed camera, before shares are compared: a few turns make no share."""

pytestmark = pytest.mark.slow


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Ear]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with servers.mosquitto(folder) as broker, ear(broker, "flood") as listening:
        yield listening


class Crowd:
    """Publishes QoS 0 as fast as told, in turn under many names, until the end of the block.

    Another name begins each round: a busy broker drops the end of a burst, whoever that is.
    """

    def __init__(self, broker: servers.Broker, names: list[str], payloads: list[bytes]) -> None:
        self._names, self._payloads = names, payloads
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.connect(broker.host, broker.port)
        self._over = threading.Event()
        self.sent = 0

    @contextmanager
    def publishing(self, per_second: float) -> Iterator[Crowd]:
        self._client.loop_start()
        thread = threading.Thread(target=self._run, args=(per_second,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join(10.0)
            self._client.disconnect()
            self._client.loop_stop()

    def _run(self, per_second: float) -> None:
        ticks = 20.0
        while not self._over.wait(1 / ticks):
            for _ in range(max(1, int(per_second / ticks))):
                rounds, place = divmod(self.sent, len(self._names))
                name = self._names[(place + rounds) % len(self._names)]
                payload = self._payloads[rounds % len(self._payloads)]
                self._client.publish(f"flood-cameras/{name}/image", payload, 0)
                self.sent += 1


def turns(daemon: Edge) -> Counter[str]:
    """Frames that the detector's thread looked at, by camera."""
    counts: Counter[str] = Counter()
    for line in daemon.get("/metrics")[1].splitlines():
        if line.startswith("stillwatch_frames_total{") and (
            'outcome="quiet"' in line or 'outcome="analysed"' in line
        ):
            counts[line.split('"')[1]] += int(float(line.rsplit(" ", 1)[1]))
    return counts


def small(picture: bytes) -> bytes:
    """What a flood is made of on a small machine: the same scene in a few kilobytes."""
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return cv2.imencode(".jpg", cv2.resize(image, (320, 180)))[1].tobytes()


def test_listed_cameras_keep_their_share_beside_ten_thousand_names(
    heard: Ear, tmp_path: Path
) -> None:
    document = settings(heard.broker, heard.root, tmp_path, deadline_s=2)
    listed = [f"cam{number}" for number in range(CAMERAS)]
    document["cameras"] = {name: {"kind": "stream"} for name in listed}
    document["cameras"]["door"] = {"kind": "snapshot"}
    document["runtime"]["stats_s"] = 60
    document["detect"] |= {"model": "nanodet-g-320-int8"}
    picture = small(streets(1)[0])
    strangers = [f"x{number}" for number in range(STRANGERS)]
    with edge(tmp_path, document) as daemon:
        crowd = Crowd(heard.broker, strangers, [b"\xff\xd8\xff junk", picture])
        with crowd.publishing(2000):
            assert heard.wait(lambda: crowd.sent > 2 * STRANGERS, 120.0)  # they are there first
        memory = psutil.Process(daemon.process.pid).memory_info
        with Crowd(heard.broker, listed, [picture]).publishing(CAMERAS * FPS):
            measured(heard, daemon, listed)
            before_bytes = memory().rss
            with Crowd(heard.broker, strangers, [b"\xff\xd8\xff junk", picture]).publishing(1000):
                took = measured(heard, daemon, listed)
                grown_bytes = memory().rss - before_bytes
                heard.publish("flood-cameras/door/image", streets(1)[0])
                assert heard.wait(lambda: alarmed(heard, "door"), 180.0)
        fair = took.total() / len(listed)  # what each would have if nobody else were there
        assert min(took[name] for name in listed) + 1 >= 0.8 * fair, took  # a round is under way
        assert sum(took[name] for name in listed) >= 0.8 * took.total(), took
        assert grown_bytes < MAY_GROW_BYTES
        lines = daemon.get("/metrics")[1].splitlines()
        labels = {line.split('"')[1] for line in lines if '{camera="' in line}
        assert len(labels) <= len(document["cameras"]) + 32 + 2
        assert len(daemon.log.read_bytes()) < 2_000_000


def alarmed(listening: Ear, camera: str) -> bool:
    """Whether people at the site were told, though nobody confirms here."""
    return b"ON" in listening.on(f"gw/{camera}/threat") and camera in {
        verdict.camera for verdict in listening.verdicts()
    }


def measured(listening: Ear, daemon: Edge, names: list[str]) -> Counter[str]:
    """Turns by camera from now on, until there were some for everybody and the time is over."""
    before = turns(daemon)
    listening.wait(lambda: False, SECONDS)
    enough = TURNS_ENOUGH * len(names)
    assert listening.wait(lambda: (turns(daemon) - before).total() >= enough, 300.0)
    return turns(daemon) - before


def test_junk_under_many_names_keeps_no_configured_camera_out(heard: Ear, tmp_path: Path) -> None:
    document = settings(heard.broker, heard.root, tmp_path)
    document["cameras"] = {"gate": {"kind": "stream"}, "yard": {"kind": "stream"}}
    with edge(tmp_path, document) as daemon:
        for number in range(64):
            heard.publish(f"flood-cameras/x{number}/image", b"junk")
        for name in ("gate", "yard"):
            heard.publish(f"flood-cameras/{name}/image", streets(1)[0])
        assert heard.wait(lambda: daemon.settled("gate", 1) and daemon.settled("yard", 1))
        assert daemon.frames("gate").get("rejected", 0) == 0
        assert daemon.frames("_unknown") == {"received": 64, "rejected": 64} | dict.fromkeys(
            ("superseded", "quiet", "analysed"), 0
        )
