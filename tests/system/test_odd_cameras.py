"""Cameras that send what cannot be used, sizes that change, and one picture again and again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from tests.servers import Broker
from tests.system.daemons import logged, wait
from tests.system.sites import WALKERS, Ear, Edge, clip, edge, settings

ROOT = "odd"
SIZES = ((640, 480), (640, 360))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def daemon(mosquitto: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("odd")
    config = settings(mosquitto, ROOT, folder)
    config["health"] = {"enter_s": 1, "leave_s": 1}
    config["cameras"] = {"torn": {"kind": "snapshot"}, "porch": {"kind": "snapshot"}}
    with edge(folder, config) as running:
        yield running


def test_a_camera_of_which_all_is_refused_is_unusable_until_one_picture_is_good(
    daemon: Edge, heard: Ear
) -> None:
    (picture,) = clip(WALKERS, begin_s=9, seconds=1)[:1]
    for _ in range(4):
        heard.publish(f"{ROOT}-cameras/torn/image", picture[: len(picture) // 3])
    assert heard.wait(lambda: _health(heard, "torn").get("refused_for") == "truncated")
    assert _health(heard, "torn")["status"] == "degraded"
    assert _health(heard, "torn")["reasons"] == ["unusable"]
    wait(daemon, lambda: "mostly as truncated" in str(daemon.health()))
    heard.publish(f"{ROOT}-cameras/torn/image", picture)
    assert heard.wait(lambda: _health(heard, "torn")["status"] == "online")
    assert "refused_for" not in _health(heard, "torn")


def test_walkers_are_reported_though_the_picture_keeps_changing_its_size(
    daemon: Edge, heard: Ear
) -> None:
    walk = clip(WALKERS, begin_s=8, seconds=2)
    sized = [_resized(picture, SIZES[n % 2]) for n, picture in enumerate(walk)]
    for count, picture in enumerate(sized, 1):  # none may supersede another
        heard.publish(f"{ROOT}-cameras/lane/image", picture)
        wait(daemon, lambda n=count: daemon.settled("lane", n))  # type: ignore[misc]
    assert heard.wait(lambda: any(report.camera == "lane" for report in heard.reports()))
    assert heard.wait(lambda: "resizing" in _health(heard, "lane").get("reasons", []))
    (said,) = logged(daemon, "camera_degraded", camera="lane")
    assert said["configure"] == "cameras.lane.kind: snapshot"


def test_one_picture_sent_six_times_is_reported_as_if_sent_once(daemon: Edge, heard: Ear) -> None:
    (crowd,) = clip(WALKERS, begin_s=9, seconds=1)[:1]
    for count in range(1, 7):
        heard.publish(f"{ROOT}-cameras/porch/image", crowd)
        wait(daemon, lambda n=count: daemon.settled("porch", n))  # type: ignore[misc]
    raised = logged(daemon, "suspicion_raised", camera="porch")
    assert daemon.frames("porch")["analysed"] == 1
    assert daemon.frames("porch")["quiet"] == 5
    assert heard.wait(lambda: _reports(heard, "porch") == len(raised))


def test_the_jpeg_decoders_own_lines_are_events_and_counted(daemon: Edge, heard: Ear) -> None:
    (picture,) = clip(WALKERS, begin_s=9, seconds=1)[:1]
    middle = len(picture) // 2
    for n in range(12):
        noise = bytes((n * 7 + k * 31) % 255 for k in range(40))
        damaged = picture[: middle + n] + noise + picture[middle + n + 40 :]
        heard.publish(f"{ROOT}-cameras/scratched/image", damaged)
    wait(daemon, lambda: _caught(daemon) > 0)
    spoke = logged(daemon, "library_spoke", library="jpeg")
    assert str(spoke[0]["text"]).startswith("Corrupt JPEG data")
    lines = daemon.log.read_text(errors="replace").splitlines()
    assert [line for line in lines if not line.startswith("{")] == []


def _caught(daemon: Edge) -> float:
    said = 'stillwatch_library_lines_total{kind="jpeg"} '
    lines = daemon.get("/metrics")[1].splitlines()
    return sum(float(line.removeprefix(said)) for line in lines if line.startswith(said))


def _reports(heard: Ear, camera: str) -> int:
    return len({one.report_id for one in heard.reports() if one.camera == camera})


def _health(heard: Ear, camera: str) -> dict[str, Any]:
    said = heard.on(f"gw/{camera}/health")
    newest: dict[str, Any] = json.loads(said[-1]) if said else {}
    return newest


def _resized(picture: bytes, size: tuple[int, int]) -> bytes:
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return cv2.imencode(".jpg", cv2.resize(image, size))[1].tobytes()
