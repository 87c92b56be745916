"""The bridge's unit under a real systemd: uploads and files become messages, inside its sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.booted import BRIDGE, Machine, booted

STREET = "/opt/stillwatch/models/self_test/street-030.jpg"
CONFIG = """
cameras:
  porch: {source: ftp-upload, username: porch, password_file: /etc/stillwatch/porch}
  yard: {source: 'folder:/srv/yard'}
"""
UPLOAD = f"""
import ftplib
with ftplib.FTP() as client, open("{STREET}", "rb") as picture:
    client.connect("127.0.0.1", 2121)
    client.login("porch", "of the porch")
    client.storbinary("STOR a.jpg", picture)
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    with booted(folder) as found:
        found.run("useradd", "--system", "--home-dir", "/nonexistent", BRIDGE)
        found.write("/etc/stillwatch/bridge.yaml", CONFIG)
        found.write("/etc/stillwatch/porch", "of the porch\n")
        found.run("chgrp", "-R", BRIDGE, "/etc/stillwatch")
        found.run("chmod", "0640", "/etc/stillwatch/porch")
        found.run("mkdir", "-p", "/srv/yard")
        environment = "PYTHONPATH=/opt/stillwatch/src:/opt/stillwatch/site"
        drop_in = f"[Service]\nEnvironment={environment}\n"
        found.write(f"/run/systemd/system/{BRIDGE}.service.d/test.conf", drop_in)
        found.run("mosquitto", "-d", "-p", "1883")
        listen = "mosquitto_sub -R -t cameras/+/image -F '%t %l' > /srv/heard 2>&1 &"
        found.run("sh", "-c", f"exec < /dev/null; {listen}")
        found.run("systemctl", "daemon-reload")
        found.run("systemctl", "start", BRIDGE, check=False)
        yield found


def heard(machine: Machine, camera: str) -> bool:
    return f"cameras/{camera}/image" in machine.run("cat", "/srv/heard")


def test_what_is_uploaded_or_written_reaches_the_broker(machine: Machine) -> None:
    machine.wait(lambda: machine.shown("ActiveState", BRIDGE) == "active", "not ready")
    machine.wait(lambda: "2 of 2 cameras" in machine.shown("StatusText", BRIDGE), "no status")
    machine.run("/usr/bin/python3", "-c", UPLOAD)
    machine.wait(lambda: heard(machine, "porch"), "no upload")
    machine.run("cp", STREET, "/srv/yard/a.jpg")
    machine.wait(lambda: heard(machine, "yard"), "no file")


def test_it_has_no_rights_and_a_death_is_mended(machine: Machine) -> None:
    machine.check_confined(BRIDGE)
    machine.run("systemctl", "kill", "-s", "KILL", "--kill-who=main", BRIDGE)
    machine.wait(lambda: machine.shown("NRestarts", BRIDGE) == "1", "not started again")
    machine.wait(lambda: machine.shown("ActiveState", BRIDGE) == "active", "not ready again")


def test_it_stops_in_order(machine: Machine) -> None:
    machine.run("systemctl", "stop", BRIDGE)
    assert machine.shown("Result", BRIDGE) == "success"
    assert machine.said("daemon_stopped", BRIDGE)
