"""A camera whose device service speaks HTTPS: onvifs://, against a real TLS server."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.__main__ import main
from bridge.fault import FaultReason, SourceFault
from bridge.onvif import onvif_device
from service.link import TlsFiles
from tests.authorities import authority, issue
from tests.integration.test_bridge_onvif import camera_at, fault, simulated, stream, url_of
from tests.onvif_camera import Asks, onvif_camera
from tests.onvif_events import OnvifEvents
from tests.processes import HOST
from tests.raw_server import forever, raw_server


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    folder = tmp_path_factory.mktemp("tls")
    return issue(folder, authority(folder, "site"), "camera")


@pytest.mark.parametrize("asks", ["wsse", "digest"])
@pytest.mark.parametrize("says_host", [HOST, "192.168.200.64"])
def test_it_is_asked_over_tls_whatever_scheme_and_host_it_names(
    asks: Asks, says_host: str, files: TlsFiles, tmp_path: Path
) -> None:
    """Its services name http:// addresses, as such cameras do."""
    camera = simulated(asks=asks, says_host=says_host, events=OnvifEvents())
    with onvif_camera(camera, files) as source:
        settings = camera_at(source, tmp_path).model_copy(update={"ca_file": files.ca_file})
        assert source.startswith("onvifs://")
        assert stream(settings) == f"rtsp://{HOST}:554/sub"
        with onvif_device(settings, url_of(source)) as device:
            assert device.description() == "Acme Eye 2 5.1"
            shot = device.snapshot_url(device.profiles()[0])
            point = device.subscribe()
            assert len(device.pull(point)) == 1
            device.unsubscribe(point)
    assert (shot.scheme, shot.host, shot.port) == ("https", HOST, camera.port)


def test_a_certificate_of_nobody_known_is_refused_before_a_word_is_said(
    files: TlsFiles, tmp_path: Path
) -> None:
    camera = simulated()
    with onvif_camera(camera, files) as source:
        said = fault(camera_at(source, tmp_path))
        assert (said.reason, "certificate" in said.detail) == (FaultReason.UNREACHABLE, True)
        assert camera.seen == []
        any_certificate = camera_at(source, tmp_path).model_copy(update={"verify_tls": False})
        assert stream(any_certificate).endswith("/sub")


def test_a_certificate_of_another_authority_is_refused(files: TlsFiles, tmp_path: Path) -> None:
    camera = simulated()
    with onvif_camera(camera, files) as source:
        other = camera_at(source, tmp_path).model_copy(
            update={"ca_file": authority(tmp_path, "other")}
        )
        assert fault(other).reason is FaultReason.UNREACHABLE
    assert camera.seen == []


def test_without_tls_on_either_side_there_is_a_fault_and_no_hang(
    files: TlsFiles, tmp_path: Path
) -> None:
    with onvif_camera(simulated(), files) as source:
        plain = fault(camera_at(source.replace("onvifs", "onvif"), tmp_path))
    with onvif_camera(simulated()) as source:
        encrypted = fault(camera_at(source.replace("onvif", "onvifs"), tmp_path))
    assert {plain.reason, encrypted.reason} <= {FaultReason.UNREACHABLE, FaultReason.STALLED}


def test_an_authority_that_is_none_is_named(files: TlsFiles, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    with onvif_camera(simulated(), files) as source:
        settings = camera_at(source, tmp_path).model_copy(update={"ca_file": tmp_path / "ca.pem"})
        with pytest.raises((OSError, SourceFault), match="no certificate"):
            stream(settings)


def test_probe_says_what_a_camera_over_tls_offers(
    files: TlsFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p").write_text("s3cret")
    with onvif_camera(simulated(rtsp_port=1), files) as source:
        secret = ["--username", "eve", "--password-file", str(tmp_path / "p")]
        assert main(["probe", source, *secret]) == 1
        assert "certificate" in capsys.readouterr().err
        assert main(["probe", source, *secret, "--any-certificate"]) == 1  # no RTSP there
        assert "onvifs: Acme Eye 2 5.1" in capsys.readouterr().out


def test_a_head_that_drips_over_tls_is_given_up(files: TlsFiles, tmp_path: Path) -> None:
    with raw_server(forever(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.1), files) as server:
        settings = camera_at(f"onvifs://{HOST}:{server.port}", tmp_path)
        said = fault(settings.model_copy(update={"ca_file": files.ca_file, "stall_s": 1}))
    assert said.reason is FaultReason.STALLED
