"""balena's compose file, run by podman-compose: the first boot, cameras let in, updates held off.

Needs images: `STILLWATCH_EDGE_IMAGE` and `STILLWATCH_BRIDGE_IMAGE` name the edge's and the bridge's
in the store that podman sees, and `STILLWATCH_DEBIAN_IMAGE` a Debian to build the broker's from.
Without them it is skipped.
"""

from __future__ import annotations

import ftplib
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml

from tests.deploy.conftest import ROOT
from tests.deploy.engine import image, inspect, log, podman
from tests.links import wait_until
from tests.processes import HOST, accepts, binary, free_port

EDGE, DEBIAN = "STILLWATCH_EDGE_IMAGE", "STILLWATCH_DEBIAN_IMAGE"
BRIDGE = "STILLWATCH_BRIDGE_IMAGE"
BROKER = "localhost/stillwatch-test-broker"
PROJECT = "stillwatch-test"
LET_IN = {"MQTT_CAMERA_1": "gate:of the gate"}
SECRET = {
    "STILLWATCH__INTAKE__BROKER__USERNAME": "edge",
    "STILLWATCH_SECRET__INTAKE__BROKER__PASSWORD_FILE": "of the edge",
}
STREET = ROOT / "models" / "self_test" / "street-030.jpg"


@dataclass
class Site:
    """The project's folder, with an override that says what balena would: images and variables."""

    folder: Path
    program: Path
    port: int
    ftp_port: int

    def up(
        self,
        edge: Mapping[str, str],
        mosquitto: Mapping[str, str],
        bridge: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Starts it, or starts anew what has other variables, as balena's supervisor does."""
        device = {"BALENA": "1", "BALENA_DEVICE_UUID": "0123456789ABCDEF"}
        services = {
            "edge": {
                "image": image(EDGE),
                "environment": {**device, **edge},
                "volumes": ["edge-data:/var/lib/stillwatch", f"{self.lock.parent}:/tmp/balena"],
            },
            "mosquitto": {"image": BROKER, "environment": dict(mosquitto)},
            "bridge": {"image": image(BRIDGE), "environment": {**device, **bridge}},
        }
        (self.folder / "device.yml").write_text(yaml.safe_dump({"services": services}))
        self.compose("up", "-d", "--no-build")

    def compose(self, *arguments: str) -> None:
        files = ["-f", "docker-compose.yml", "-f", "device.yml"]
        done = subprocess.run(
            [str(self.program), "-p", PROJECT, *files, *arguments],
            check=False,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def lock(self) -> Path:
        return self.folder / "balena" / "updates.lock"

    def log(self, service: str) -> str:
        return log(container(service))

    def said(self, text: str, service: str = "edge") -> None:
        """Waits until the service's log has `text`."""
        wait_until(lambda: text in self.log(service), f"{text} in the log of {service}")

    def inside(self, code: str) -> str:
        """What a piece of Python prints in the edge's container."""
        return podman("exec", container("edge"), "python3", "-c", code).strip()


def container(service: str) -> str:
    return f"{PROJECT}_{service}_1"


@pytest.fixture
def site(programs: Path, tmp_path: Path) -> Iterator[Site]:
    image(EDGE)
    image(BRIDGE)
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "balena", folder)
    build = ["--pull=never", "--network=host", "--build-arg", f"BASE={image(DEBIAN)}"]
    podman("build", *build, "-t", BROKER, str(folder / "mosquitto"))
    found = Site(folder, programs / "podman-compose", free_port(), free_port())
    text = (folder / "docker-compose.yml").read_text()
    assert '"1883:1884"' in text
    text = text.replace('"1883:1884"', f'"{HOST}:{found.port}:1884"')
    text = text.replace('"8883:8883"', f'"{HOST}:{free_port()}:8883"')
    assert '"2121:2121"' in text
    text = text.replace('"2121:2121"', f'"{HOST}:{found.ftp_port}:2121"')
    text = text.replace('"2130-2149:2130-2149"', f'"{HOST}:2130-2149:2130-2149"')
    text = text.replace('"2525:2525"', f'"{HOST}:{free_port()}:2525"')
    (folder / "docker-compose.yml").write_text(text)
    found.lock.parent.mkdir()
    found.lock.parent.chmod(0o1777)  # as the supervisor makes it
    try:
        yield found
    finally:
        if (folder / "device.yml").exists():
            found.compose("down", "-v")


def publish(site: Site, password: str) -> int:
    """A camera's picture from the site's network; mosquitto_pub's exit status."""
    tool = binary("mosquitto_pub", "apt-get install mosquitto-clients")
    command = [tool, "-h", HOST, "-p", str(site.port), "-u", "gate", "-P", password]
    command += ["-q", "1", "-t", "cameras/gate/image", "-f", str(STREET)]
    return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode


def test_a_device_without_any_configuration_waits_and_says_so(site: Site) -> None:
    site.up({}, {})
    site.said("no configuration yet: gateway 0123456789abcdef waits")
    site.said("no camera is let in", "mosquitto")
    wait_until(lambda: site.log("edge").count('"link_subscribed"') >= 2, "both links")
    health = podman("exec", container("edge"), "python3", "-m", "edge", "health")
    assert json.loads(health.splitlines()[0])["status"] == "ok"
    assert publish(site, "x") != 0


def test_once_a_password_is_set_a_cameras_picture_becomes_a_report(site: Site) -> None:
    site.up({"STILLWATCH__CAMERAS": '{"gate": {"kind": "snapshot"}}'}, LET_IN)
    wait_until(lambda: site.log("edge").count('"link_subscribed"') >= 2, "both links")
    assert accepts(site.port)
    assert publish(site, "of the gate") == 0
    site.said('"report_sent"')


UPLOADING = """
uploads: {ftp_public_host: 127.0.0.1}
cameras: {gate: {source: ftp-upload, username: gate, password_file: /run/stillwatch/gate}}
"""


def test_what_a_camera_uploads_to_the_bridge_becomes_a_report(site: Site) -> None:
    secret = {"STILLWATCH_BRIDGE_SECRET_GATE": "of the gate"}
    single = {"STILLWATCH__CAMERAS": '{"gate": {"kind": "snapshot"}}'}
    site.up(single, {}, {"STILLWATCH_BRIDGE_CONFIG": UPLOADING, **secret})
    wait_until(lambda: site.log("edge").count('"link_subscribed"') >= 2, "both links")
    site.said('"daemon_ready"', "bridge")
    site.said('"link_connected"', "bridge")
    with ftplib.FTP() as camera, STREET.open("rb") as picture:  # noqa: S321, loopback
        camera.connect(HOST, site.ftp_port)
        camera.login("gate", "of the gate")
        camera.storbinary("STOR a.jpg", picture)
    site.said('"report_sent"')
    assert inspect(container("bridge"))["HostConfig"]["ReadonlyRootfs"]


def test_the_container_is_confined_and_a_secret_stays_in_memory(site: Site) -> None:
    site.up(SECRET, {})
    site.said('"daemon_ready"')
    facts = inspect(container("edge"))["HostConfig"]
    assert facts["ReadonlyRootfs"]
    assert facts["Memory"] == 512 * 2**20
    assert facts["PidsLimit"] == 64
    assert site.inside("import os; print(os.getuid())") == "10001"
    assert site.inside("print(open('/proc/self/status').read().split('CapBnd:')[1][:17])") == (
        "0000000000000000"
    )
    path = "/run/stillwatch/intake.broker.password_file"
    assert site.inside(f"print(open('{path}').read())") == "of the edge"
    mounted = site.inside("print(open('/proc/mounts').read())")
    assert "tmpfs /run/stillwatch tmpfs" in mounted


def test_a_configuration_waits_while_balena_holds_the_lock(site: Site) -> None:
    site.up({}, {})
    site.said('"daemon_ready"')
    site.lock.write_text("the supervisor's")
    podman("kill", "--signal", "HUP", container("edge"))
    site.said("an update of this device is under way")
    assert site.lock.read_text() == "the supervisor's"
    site.lock.unlink()
    podman("kill", "--signal", "HUP", container("edge"))
    site.said('"config_applied"')
    assert list(site.lock.parent.iterdir()) == []
