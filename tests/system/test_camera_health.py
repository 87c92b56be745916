"""A camera that goes black, freezes and stops, as everybody at the broker sees it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.servers import Broker
from tests.system.daemons import logged, wait
from tests.system.sites import PATIENCE_S, WALKERS, Ear, clip, ear, edge, settings

pytestmark = pytest.mark.slow

FAST = {"check_s": 0.1, "enter_s": 1, "leave_s": 1, "frozen_s": 2, "offline_s": 3}
ROOT = "health"


def feed(camera: Ear, pictures: list[bytes], reached: Callable[[], bool], fps: float = 5.0) -> None:
    """Publish in the rhythm of a camera until `reached`, which must come to pass."""
    pause = threading.Event()
    for number, picture in enumerate(cycle(pictures)):
        if reached():
            return
        assert number < PATIENCE_S * fps
        camera.publish(f"{ROOT}-cameras/yard/image", picture)
        pause.wait(1 / fps)


def told(listening: Ear) -> tuple[str, dict[str, Any]]:
    """The last status and health of the camera."""
    health = listening.on("gw/yard/health")
    status = listening.on("gw/yard/status")
    return status[-1].decode() if status else "", json.loads(health[-1]) if health else {}


def reasons(listening: Ear) -> tuple[str, list[str]]:
    status, health = told(listening)
    return status, health.get("reasons", [])


def test_black_frozen_and_silent_are_told_and_each_is_over_when_it_is_over(
    mosquitto: Broker, tmp_path: Path
) -> None:
    config = settings(mosquitto, ROOT, tmp_path)
    config["health"] = FAST
    config["cameras"] = {"shed": {"enabled": False}}
    live = clip(WALKERS, begin_s=0, seconds=8)
    rng = np.random.default_rng(1)
    black = [
        cv2.imencode(".jpg", rng.integers(0, 6, (480, 640, 3), np.uint8))[1].tobytes()
        for _ in range(5)
    ]
    with (
        ear(mosquitto, ROOT) as listening,
        ear(mosquitto, f"{ROOT}-cameras") as camera,
        edge(tmp_path, config) as daemon,
    ):
        for pictures, status, given in (
            (live, "online", []),
            (black, "degraded", ["dark"]),
            (live, "online", []),
            (live[3:4], "degraded", ["frozen"]),
            (live, "online", []),
        ):
            feed(camera, pictures, lambda: reasons(listening) == (status, given))  # noqa: B023 — called at once
        assert listening.wait(lambda: reasons(listening) == ("offline", ["offline"]))
        assert told(listening)[1]["last_frame_age_s"] >= 3
        scraped = daemon.get("/metrics")[1]
        assert 'stillwatch_camera_fault{camera="yard",reason="offline"} 1.0' in scraped
        assert 'stillwatch_camera_fault{camera="yard",reason="dark"} 0.0' in scraped
        feed(camera, live, lambda: reasons(listening) == ("online", []))
        feed(camera, live, lambda: told(listening)[1]["fps_in"] > 1)
        assert set(told(listening)[1]) == {
            "at", "status", "reasons", "last_frame_age_s", "fps_in", "superseded", "rejected",
        }  # fmt: skip
        wait(daemon, lambda: daemon.health()["status"] == "ok")
        heard = [word.decode() for word in listening.on("gw/yard/status")]
        assert heard == ["online", *["degraded", "online"] * 2, "offline", "online"]
        said = [(e["event"], e["reason"]) for e in daemon.events("camera_degraded")]
        assert said == [("camera_degraded", "dark"), ("camera_degraded", "frozen")]
        assert [e["reason"] for e in daemon.events("camera_lost")] == ["offline"]
        over = [e["reason"] for e in logged(daemon, "camera_recovered", 3)]
        assert over == ["dark", "frozen", "offline"]
        frames = daemon.frames("yard")
        assert frames["quiet"] + frames["analysed"] + frames["superseded"] > 0
        assert listening.on("gw/shed/status") == [b"disabled"]
    with ear(mosquitto, ROOT) as later:  # nobody watches the camera any more
        assert later.wait(lambda: reasons(later)[0] == "offline")
