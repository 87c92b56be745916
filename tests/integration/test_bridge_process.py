"""The bridge as a process: cameras to a real broker, one dead beside one alive, killed and back."""

from __future__ import annotations

import ftplib
import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests import servers
from tests.cameras import film, http_camera, jpeg, reply, rtsp_camera
from tests.links import Inbox, running, settings, wait_until
from tests.processes import (
    HOST,
    accepts,
    child,
    fetch,
    free_port,
    lasting_port,
    ports_with_twins,
)
from tests.servers import Broker

pytestmark = pytest.mark.slow


class Seen(Inbox):
    """The latest payload of each topic, and how many came."""

    def __init__(self) -> None:
        super().__init__()
        self.latest: dict[str, bytes] = {}
        self.count: dict[str, int] = {}

    def __call__(self, topic: str, payload: bytes, _retained: bool, ack: object) -> None:
        if callable(ack):
            ack()
        self.latest[topic] = payload
        self.count[topic] = self.count.get(topic, 0) + 1


@contextmanager
def watching(broker: Broker, name: str) -> Iterator[Seen]:
    seen = Seen()
    filters = [f"{name}/+/image", f"stillwatch-bridge/{name}/#"]
    with running(settings(broker, f"watch-{name}"), seen, filters) as link:
        assert link.wait_ready(10)
        yield seen


def configured(folder: Path, broker: Broker, name: str, cameras: str, port: int = 0) -> list[str]:
    file = folder / "bridge.yaml"
    file.write_text(
        f"id: {name}\n"
        f"broker: {{host: {broker.host}, port: {broker.port}}}\n"
        f"topic: {name}/{{camera}}/image\n"
        f"runtime: {{metrics_port: {port}, health_s: 1}}\n"
        f"cameras:\n{cameras}"
    )
    return [sys.executable, "-m", "bridge", "run", "--config", str(file)]


@contextmanager
def bridge(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    checkout = Path(__file__).parents[2]
    with child(["env", f"PYTHONPATH={checkout}", *command], folder / "bridge.log") as process:
        yield process


def test_a_dead_camera_delays_no_other_and_each_says_how_it_is(
    tmp_path: Path, mosquitto: Broker
) -> None:
    port, file = free_port(), film(tmp_path / "film.mp4")
    with rtsp_camera(tmp_path, f"/live={file}:h264") as rtsp, watching(mosquitto, "b1") as seen:
        cameras = (
            f"  alive: {{source: 'rtsp://{HOST}:{rtsp}/live', rate_fps: 5}}\n"
            f"  dead: {{source: 'rtsp://{HOST}:{free_port()}/live'}}\n"
            f"  silent: {{source: 'rtsp://10.255.255.1/live', stall_s: 60}}\n"
        )
        with bridge(configured(tmp_path, mosquitto, "b1", cameras, port), tmp_path):
            wait_until(lambda: seen.count.get("b1/alive/image", 0) > 10, "pictures of alive")
            where = "stillwatch-bridge/b1"
            wait_until(lambda: seen.latest.get(f"{where}/dead/status") == b"offline", "dead")
            wait_until(lambda: seen.latest.get(f"{where}/alive/status") == b"online", "alive")
            wait_until(
                lambda: json.loads(seen.latest[f"{where}/dead/health"])["reason"] == "unreachable",
                "the reason",
            )
            status, health = fetch(port, "/healthz")
            assert status == 200
            assert json.loads(health)["status"] == "degraded"
            assert 'stillwatch_bridge_camera_up{camera="alive"} 1.0' in fetch(port, "/metrics")[1]
        wait_until(lambda: seen.latest[f"{where}/status"] == b"stopped", "the farewell")


def test_a_camera_that_is_killed_comes_back_by_itself(tmp_path: Path, mosquitto: Broker) -> None:
    port, file = lasting_port(), film(tmp_path / "film.mp4")
    cameras = (
        f"  gate: {{source: 'rtsp://{HOST}:{port}/live', rate_fps: 5, reconnect_max_s: 1,"
        " stall_s: 2}\n"
    )
    with watching(mosquitto, "b2") as seen:
        command = configured(tmp_path, mosquitto, "b2", cameras)
        topic = "stillwatch-bridge/b2/gate/status"
        with bridge(command, tmp_path):
            for _ in range(2):
                with rtsp_camera(tmp_path, f"/live={file}:h264", port=port):
                    wait_until(lambda: seen.latest.get(topic) == b"online", "online")
                wait_until(lambda: seen.latest.get(topic) == b"offline", "offline")


def test_a_bridge_that_is_killed_is_told_by_its_will(tmp_path: Path, mosquitto: Broker) -> None:
    with http_camera(lambda h: reply(h, jpeg())) as url, watching(mosquitto, "b3") as seen:
        command = configured(tmp_path, mosquitto, "b3", f"  gate: {{source: '{url}'}}\n")
        with bridge(command, tmp_path) as process:
            wait_until(lambda: seen.latest.get("b3/gate/image") == jpeg(), "a picture")
            process.send_signal(signal.SIGKILL)
            wait_until(
                lambda: seen.latest.get("stillwatch-bridge/b3/status") == b"offline", "the will"
            )


def test_no_password_stands_in_log_health_or_processes(tmp_path: Path, mosquitto: Broker) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cr3t-w0rd\n")
    port, file = free_port(), film(tmp_path / "film.mp4")
    options = ("--user", "eve:other")
    with (
        rtsp_camera(tmp_path, f"/live={file}:h264", options=options) as rtsp,
        watching(mosquitto, "b4") as seen,
    ):
        who = f"username: eve, password_file: {secret}"
        cameras = (
            f"  gate: {{source: 'rtsp://{HOST}:{rtsp}/live', {who}}}\n"
            f"  gone: {{source: 'rtsp://{HOST}:{free_port()}/live', {who}}}\n"
        )
        with bridge(configured(tmp_path, mosquitto, "b4", cameras, port), tmp_path):
            topic = "stillwatch-bridge/b4/gate/health"
            wait_until(lambda: b"refused" in seen.latest.get(topic, b""), "refused")
            told = fetch(port, "/healthz")[1] + fetch(port, "/metrics")[1]
        told += (tmp_path / "bridge.log").read_text() + str(seen.latest)
    assert "s3cr3t" not in told
    assert "refused" in told


def test_nothing_is_sent_faster_than_asked(tmp_path: Path, mosquitto: Broker) -> None:
    with http_camera(lambda h: reply(h, jpeg())) as url, watching(mosquitto, "b5") as seen:
        cameras = f"  gate: {{source: '{url}', rate_fps: 4}}\n"
        with bridge(configured(tmp_path, mosquitto, "b5", cameras), tmp_path):
            wait_until(lambda: "b5/gate/image" in seen.count, "a picture")
            threading.Event().wait(3)
            assert seen.count["b5/gate/image"] <= 4 * 3.5 + 1


def test_stills_that_were_uploaded_while_the_broker_was_away_arrive_all_and_in_order(
    tmp_path: Path,
) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    port, ftp_port, first = lasting_port(), free_port(), ports_with_twins(1, 1)[0]
    cameras = (
        f"  porch: {{source: ftp-upload, username: p, password_file: {tmp_path / 'password'},"
        " rate_fps: 10}\n"
        f"uploads: {{host: {HOST}, ftp_port: {ftp_port},"
        f" ftp_passive_ports: [{first}, {first + 1}]}}\n"
    )
    shots = [jpeg(number) for number in range(4)]
    inbox = Inbox()
    with servers.mosquitto(tmp_path, persistence=True, port=port) as broker:
        kept = replace(settings(broker, "edge"), clean=False)
        with running(kept, inbox, ["b6/+/image"]) as link:
            assert link.wait_ready(10)
        command = configured(tmp_path, broker, "b6", cameras)
    with bridge(command, tmp_path):
        wait_until(lambda: accepts(ftp_port), "the FTP port")
        with ftplib.FTP(timeout=10) as client:  # noqa: S321, what cameras speak
            client.connect(HOST, ftp_port)
            client.login("p", "s3cret")
            for number, shot in enumerate(shots):
                client.storbinary(f"STOR {number}.jpg", io.BytesIO(shot))
        threading.Event().wait(2)
        with (
            servers.mosquitto(tmp_path, persistence=True, port=port) as broker,
            running(kept, inbox, ["b6/+/image"]),
        ):
            arrived = [inbox.next_within(60).payload for _ in shots]
    assert arrived == shots
    for line in (tmp_path / "bridge.log").read_text().splitlines():
        assert json.loads(line)["event"], "a library's own line"
