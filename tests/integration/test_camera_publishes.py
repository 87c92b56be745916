"""Simulated cameras against real brokers."""

from __future__ import annotations

import queue
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from service.link import Link, LinkSettings, Subscription
from tests import servers
from tests.authorities import authority, issue
from tests.processes import binary
from tests.servers import Broker
from tools.demo.camera_sim.__main__ import main

Heard = queue.Queue[tuple[str, bytes]]


@contextmanager
def listening(broker: Broker, topic: str) -> Iterator[Heard]:
    heard: Heard = queue.Queue()

    def receive(topic: str, payload: bytes, _retained: bool, ack: Callable[[], None]) -> None:
        heard.put((topic, payload))
        ack()

    link = Link(
        LinkSettings(
            name="test", host=broker.host, port=broker.port, client_id=f"test-{topic[:6]}"
        ),
        on_fatal=lambda _error: None,
        on_message=receive,
        subscriptions=(Subscription(filter=topic, qos=0),),
    )
    link.start()
    try:
        assert link.wait_ready(10)
        yield heard
    finally:
        link.stop(5)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff" + name.encode())
    return tmp_path


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_two_cameras_play_their_sources_once_in_order(
    mosquitto: Broker,
    pictures: Path,
    protocol: Literal["3.1.1", "5"],
    capsys: pytest.CaptureFixture[str],
) -> None:
    prefix = f"sim{protocol[0]}"
    with listening(mosquitto, f"{prefix}/#") as heard:
        arguments = ["--broker", f"{mosquitto.host}:{mosquitto.port}", "--fps", "50"]
        arguments += ["--topic", prefix + "/{camera}/image", "--protocol", protocol]
        arguments += ["--camera", f"a={pictures}", "--camera", f"b={pictures / '2.jpg'}"]
        assert main(arguments) == 0
        got = [heard.get(timeout=10) for _ in range(3)]
    assert [body[3:] for topic, body in got if topic == f"{prefix}/a/image"] == [b"1.jpg", b"2.jpg"]
    assert [body[3:] for topic, body in got if topic == f"{prefix}/b/image"] == [b"2.jpg"]
    assert "a: 2 pictures sent" in capsys.readouterr().out


def test_mqtt_3_cameras_reach_mqtt_5_listeners_through_the_embedded_broker(
    iotcore_broker: Broker, pictures: Path
) -> None:
    (pictures / "1.jpg").write_bytes(b"\xff\xd8\xff" + bytes(300_000))
    with listening(iotcore_broker, "cameras/big/image") as heard:
        arguments = ["--broker", f"{iotcore_broker.host}:{iotcore_broker.port_311}"]
        assert main([*arguments, "--camera", f"big={pictures / '1.jpg'}"]) == 0
        assert len(heard.get(timeout=10)[1]) == 300_003


def test_a_looping_camera_stops_after_its_seconds(mosquitto: Broker, pictures: Path) -> None:
    with listening(mosquitto, "loop/#") as heard:
        arguments = ["--broker", f"{mosquitto.host}:{mosquitto.port}", "--fps", "40", "--loop"]
        arguments += ["--topic", "loop/{camera}", "--seconds", "0.25"]
        assert main([*arguments, "--camera", f"a={pictures}"]) == 0
        for _ in range(3):
            heard.get(timeout=10)


def test_ctrl_c_ends_it_with_its_counts(mosquitto: Broker, pictures: Path) -> None:
    with listening(mosquitto, "stop/#") as heard:
        command = [
            sys.executable,
            "-m",
            "tools.demo.camera_sim",
            "--loop",
            "--topic",
            "stop/{camera}",
        ]
        command += ["--broker", f"{mosquitto.host}:{mosquitto.port}", "--camera", f"a={pictures}"]
        camera = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            heard.get(timeout=30)
            camera.send_signal(2)
            output, _ = camera.communicate(timeout=20)
        finally:
            camera.kill()
    assert camera.returncode == 0
    assert "pictures sent" in output


def test_without_a_broker_it_says_so(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--broker", "127.0.0.1:1", "--camera", f"a={pictures}"]) == 2
    assert "broker 127.0.0.1:1 cannot be reached" in capsys.readouterr().err


def test_a_broker_that_wants_user_and_tls_is_published_to_and_a_wrong_password_is_said(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = binary("mosquitto_passwd", "apt-get install mosquitto")
    users, password = tmp_path / "users", tmp_path / "password"
    subprocess.run([tool, "-c", "-b", str(users), "cams", "right"], check=True, capture_output=True)
    users.chmod(0o644)
    site = authority(tmp_path, "site")
    server = issue(tmp_path, site, "broker")
    lines = [f"cafile {site}", f"certfile {server.cert_file}", f"keyfile {server.key_file}"]
    lines += ["allow_anonymous false", f"password_file {users}"]
    with servers.mosquitto(tmp_path, config="\n".join(lines)) as broker:
        arguments = ["--broker", f"{broker.host}:{broker.port}", "--camera", f"a={pictures}"]
        arguments += ["--ca-file", str(site), "--username", "cams", "--fps", "50"]
        for word, status in (("right", 0), ("wrong", 2)):
            password.write_text(f"{word}\n")
            assert main([*arguments, "--password-file", str(password)]) == status
        told = capsys.readouterr()
        assert "a: 2 pictures sent" in told.out
        assert "Not authorized" in told.err
        assert main([*arguments, "--password-file", str(tmp_path / "none")]) == 2
        assert "none cannot be read" in capsys.readouterr().err
