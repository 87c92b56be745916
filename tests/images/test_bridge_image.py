"""The bridge's image: what is in it, what it may, and that a camera's pictures pass through it."""

from __future__ import annotations

import ftplib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cameras import film, jpeg, rtsp_camera
from tests.images.containers import LOCKED_UP, ended, inspected, memory, python
from tests.links import Inbox, running, settings, wait_until
from tests.processes import HOST, accepts, child, free_port, ports_with_twins, until
from tests.servers import Broker
from tools.build.images.engine import Engine

DOCUMENT = """
id: boxed
broker: {{host: {broker.host}, port: {broker.port}}}
topic: boxed/{{camera}}/image
runtime: {{metrics_port: {port}}}
uploads: {{host: {host}, ftp_port: {ftp}, ftp_passive_ports: [{first}, {last}]}}
cameras:
  gate: {{source: 'rtsp://{host}:{rtsp}/live', username: eve, password_file: /run/stillwatch/gate}}
  porch: {{source: ftp-upload, username: porch, password_file: /run/stillwatch/porch}}
"""


def test_it_holds_the_bridge_and_nothing_of_edge_cloud_or_store(
    engine: Engine, bridge_amd64: str
) -> None:
    code = """
import importlib.util as find, json, pathlib, ssl
import av, cv2, httpx, aiosmtpd.controller, bridge.process, bridge.onvif, pyftpdlib.servers
names = ("edge", "cloud", "objectstore", "boto3", "tensorflow", "tflite_runtime", "pip")
print(json.dumps({
    "there": [name for name in names if find.find_spec(name)],
    "decoders": sorted({"h264", "hevc", "mjpeg"} & av.codecs_available),
    "authorities": len(ssl.create_default_context().get_ca_certs()) > 100,
    "programs": sorted(path.name for path in pathlib.Path("/usr/bin").iterdir()),
}))
"""
    assert json.loads(python(engine, bridge_amd64, code)) == {
        "there": [],
        "decoders": ["h264", "hevc", "mjpeg"],
        "authorities": True,
        "programs": ["cat", "dash", "ls", "python", "python3", "python3.11", "sh"],
    }


def test_it_says_what_it_is_and_what_it_is_made_of(engine: Engine, bridge_amd64: str) -> None:
    found = inspected(engine, bridge_amd64)
    assert found["Config"]["Labels"]["org.opencontainers.image.title"] == "stillwatch-bridge"
    assert found["Config"]["User"] == "10001:10001"
    assert found["Healthcheck"]["Test"][1:] == ["python3", "-m", "bridge", "health"]
    parts = python(engine, bridge_amd64, "print(open('/opt/stillwatch/app/sbom.cdx.json').read())")
    listed = {part["bom-ref"].partition("@")[0] for part in json.loads(parts)["components"]}
    assert {"pkg:pypi/av", "pkg:pypi/pyftpdlib", "pkg:deb/debian/libc6"} <= listed


@contextmanager
def bridge(
    engine: Engine, image: str, folder: Path, environ: Mapping[str, str], options: Sequence[str]
) -> Iterator[tuple[str, Path]]:
    """The bridge in a container on the machine's network; its name, and its log."""
    name, log = f"bridge-{free_port()}", folder / "bridge.log"
    told = [f"--env={key}={value}" for key, value in environ.items()]
    command = ["run", *LOCKED_UP, "--network=host", f"--name={name}", *told, *options, image]
    with child([str(engine.folder / "podman"), *command], log, patience_s=30) as process:
        until(lambda: "daemon_ready" in log.read_text(), process, log)
        yield name, log
        assert ended(process) == 0


def test_pictures_of_a_stream_and_of_an_upload_reach_the_broker(
    engine: Engine, bridge_amd64: str, mosquitto: Broker, tmp_path: Path
) -> None:
    [first], ftp, port = ports_with_twins(1, 1), free_port(), free_port()
    file, seen = film(tmp_path / "film.mp4"), Inbox()
    options = [*memory(256), "--tmpfs=/run/stillwatch:mode=1777", "--cpus=1"]
    with (
        rtsp_camera(tmp_path, f"/live={file}:h264", options=("--user", "eve:s3cret")) as rtsp,
        running(settings(mosquitto, "watch-boxed"), seen, ["boxed/+/image"]) as link,
    ):
        assert link.wait_ready(10)
        document = DOCUMENT.format(
            broker=mosquitto, port=port, host=HOST, ftp=ftp, first=first, last=first + 1, rtsp=rtsp
        )
        secrets = {"GATE": "s3cret", "PORCH": "of the porch"}
        environ = {f"STILLWATCH_BRIDGE_SECRET_{key}": value for key, value in secrets.items()}
        environ["STILLWATCH_BRIDGE_CONFIG"] = document
        with bridge(engine, bridge_amd64, tmp_path, environ, options) as (name, log):
            assert seen.next().topic == "boxed/gate/image"
            wait_until(lambda: accepts(ftp), "FTP")
            with ftplib.FTP() as client:  # noqa: S321, loopback
                client.connect(HOST, ftp)
                client.login("porch", "of the porch")
                client.storbinary("STOR a.jpg", io.BytesIO(jpeg()))
            wait_until(lambda: seen.next().payload == jpeg(), "the upload")
            engine.podman("healthcheck", "run", name)
            told = log.read_text()
    assert "s3cret" not in told


def test_a_device_that_nobody_configured_waits(
    engine: Engine, bridge_amd64: str, tmp_path: Path
) -> None:
    with bridge(engine, bridge_amd64, tmp_path, {"BALENA": "1"}, []) as (_, log):
        assert "no camera yet: set STILLWATCH_BRIDGE_CONFIG" in log.read_text()


@pytest.mark.parametrize("document", ["cameras: {gate: {source: 'file:///etc/passwd'}}", "["])
def test_a_bad_configuration_ends_with_the_status_that_restarts_do_not_mend(
    engine: Engine, bridge_amd64: str, document: str
) -> None:
    told = f"--env=STILLWATCH_BRIDGE_CONFIG={document}"
    assert engine.attempt("run", "--rm", "--network=none", told, bridge_amd64).returncode == 78
