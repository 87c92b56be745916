"""A camera named by its ONVIF address: asked over real SOAP, watched over real RTSP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from bridge.__main__ import main
from bridge.address import Url, parse_address
from bridge.config import BridgeConfig, SourceConfig
from bridge.fault import FaultReason, SourceFault
from bridge.onvif import onvif_device
from bridge.sources.onvif import stream_of
from tests.cameras import film, http_camera, reply, rtsp_camera, take
from tests.onvif_camera import Asks, OnvifCamera, Stream, onvif_camera
from tests.onvif_discovery import discoverable
from tests.processes import HOST

STREAMS = (
    Stream("main", (1920, 1080), "/main"),
    Stream("sub", (640, 480), "/sub"),
    Stream("tiny", (320, 240), "/tiny"),
)
SECRET = "s3cret"  # noqa: S105, of a test
ELSEWHERE = "192.168.200.64"
"""What a camera behind an address translation takes for its own."""


def camera_at(source: str, folder: Path, password: str = SECRET, profile: str = "") -> SourceConfig:
    secret = folder / "password"
    secret.write_text(password)
    return SourceConfig(
        source=source,
        username="eve",
        password_file=secret,
        profile=profile or None,
        stall_s=5,
    )


def url_of(source: str) -> Url:
    found = parse_address(source)
    assert isinstance(found, Url)
    return found


def stream(camera: SourceConfig) -> str:
    return stream_of(camera, url_of(camera.source)).text()


def fault(camera: SourceConfig) -> SourceFault:
    with pytest.raises(SourceFault) as refused:
        stream(camera)
    return refused.value


def simulated(**how: object) -> OnvifCamera:
    return replace(OnvifCamera(rtsp_port=554, streams=STREAMS), **how)  # type: ignore[arg-type]  # by name


@contextmanager
def streaming(folder: Path) -> Iterator[int]:
    """An RTSP server with a film of its size on each path, behind the same user; its port."""
    films = [
        f"{one.path}={film(folder / f'{one.token}.mp4', size=one.size, seconds=4)}:h264"
        for one in STREAMS[1:]
    ]
    with rtsp_camera(folder, *films, options=("--user", "eve:s3cret")) as port:
        yield port


@pytest.mark.slow
def test_pictures_come_from_the_sub_stream_of_a_camera_behind_another_address(
    tmp_path: Path,
) -> None:
    with (
        streaming(tmp_path) as rtsp,
        onvif_camera(simulated(rtsp_port=rtsp, says_host=ELSEWHERE)) as source,
    ):
        taken = take(camera_at(source, tmp_path), 2)
    sizes = {cv2.imdecode(np.frombuffer(one, np.uint8), 1).shape[:2] for one in taken.pictures}
    assert sizes == {(480, 640)}


@pytest.mark.parametrize("asks", ["wsse", "digest", "nobody"])
@pytest.mark.parametrize("media2", [False, True])
def test_each_way_to_log_in_and_both_media_services_name_the_stream(
    asks: Asks, media2: bool, tmp_path: Path
) -> None:
    with onvif_camera(simulated(asks=asks, media2=media2)) as source:
        assert stream(camera_at(source, tmp_path)) == f"rtsp://{HOST}:554/sub"


@pytest.mark.parametrize("asks", ["wsse", "digest"])
def test_a_wrong_password_is_named_and_so_is_none(asks: Asks, tmp_path: Path) -> None:
    with onvif_camera(simulated(asks=asks)) as source:
        wrong = fault(camera_at(source, tmp_path, "other"))
        none = fault(SourceConfig(source=source))
    assert (wrong.reason, wrong.detail) == (
        FaultReason.REFUSED,
        "the camera refuses user and password (ONVIF)",
    )
    assert (none.reason, "set username and password_file" in none.detail) == (
        FaultReason.REFUSED,
        True,
    )


@pytest.mark.parametrize("hours", [-3, 26])
def test_a_camera_whose_clock_is_wrong_is_spoken_to_by_its_clock(
    hours: int, tmp_path: Path
) -> None:
    with onvif_camera(simulated(clock=timedelta(hours=hours))) as source:
        assert stream(camera_at(source, tmp_path)).endswith("/sub")


@pytest.mark.parametrize(("profile", "path"), [("main", "/main"), ("tiny stream", "/tiny")])
def test_a_profile_is_chosen_by_token_or_name(profile: str, path: str, tmp_path: Path) -> None:
    with onvif_camera(simulated()) as source:
        assert stream(camera_at(source, tmp_path, profile=profile)).endswith(path)


def test_a_profile_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with onvif_camera(simulated()) as source:
        said = fault(camera_at(source, tmp_path, profile="submarine"))
    assert (said.reason, said.detail) == (
        FaultReason.NOT_FOUND,
        "it has no profile 'submarine'; it has main, sub, tiny",
    )


def test_of_streams_that_are_all_small_the_largest_is_taken(tmp_path: Path) -> None:
    small = (Stream("a", (176, 144), "/a"), Stream("b", (352, 288), "/b"))
    with onvif_camera(simulated(streams=small)) as source:
        assert stream(camera_at(source, tmp_path)).endswith("/b")


def test_a_user_within_the_cameras_own_address_is_left_out(tmp_path: Path) -> None:
    with onvif_camera(simulated(says_user="admin:12345@")) as source:
        assert stream(camera_at(source, tmp_path)) == f"rtsp://{HOST}:554/sub"


def test_the_snapshot_is_looked_for_at_the_host_that_was_reached(tmp_path: Path) -> None:
    with onvif_camera(simulated(says_host=ELSEWHERE)) as source:
        url = url_of(source)
        with onvif_device(camera_at(source, tmp_path), url) as found:
            shot = found.snapshot_url(found.profiles()[0])
    assert shot == Url(scheme="http", host=HOST, port=url.port, path="/shot?a=1&b=2")


URI = (
    "<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{}</tt:Uri></trt:MediaUri>"
    "</trt:GetStreamUriResponse>"
)
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">'
    '<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&c;&f;</a>'
)


@pytest.mark.parametrize(
    ("operation", "answer", "why"),
    [
        ("GetStreamUri", URI.format("file:///etc/passwd"), FaultReason.UNUSABLE),
        ("GetStreamUri", URI.format("http://camera/x"), FaultReason.UNUSABLE),
        ("GetStreamUri", URI.format("rtsp://camera/x -f null"), FaultReason.UNUSABLE),
        ("GetStreamUri", URI.format(""), FaultReason.UNUSABLE),
        ("GetStreamUri", BOMB, FaultReason.UNUSABLE),
        ("GetServices", BOMB, FaultReason.UNUSABLE),
        ("GetServices", "<html/>", FaultReason.UNUSABLE),
        ("GetProfiles", "<trt:GetProfilesResponse/>", FaultReason.NO_VIDEO),
        ("GetProfiles", "x" * 2_000_000, FaultReason.UNUSABLE),
    ],
)
def test_an_answer_that_is_none_is_a_fault_with_words(
    operation: str, answer: str, why: FaultReason, tmp_path: Path
) -> None:
    with onvif_camera(simulated(answers={operation: answer})) as source:
        said = fault(camera_at(source, tmp_path))
    assert said.reason is why, said.detail
    assert "root:" not in said.detail
    assert len(said.detail) < 400


def test_what_is_no_onvif_camera_is_said(tmp_path: Path) -> None:
    with http_camera(lambda handler: reply(handler, b"<html>", "text/html")) as url:
        said = fault(camera_at(url.replace("http", "onvif"), tmp_path))
    assert said.reason in (FaultReason.UNUSABLE, FaultReason.UNREACHABLE)
    gone = fault(camera_at(f"onvif://{HOST}:1", tmp_path))
    assert gone.reason is FaultReason.UNREACHABLE


@pytest.mark.slow
def test_probe_lists_what_it_offers_and_prints_lines_that_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p").write_text("s3cret")
    secret = ["--username", "eve", "--password-file", str(tmp_path / "p")]
    with streaming(tmp_path) as rtsp, onvif_camera(simulated(rtsp_port=rtsp)) as source:
        assert main(["probe", source, "--camera", "gate", *secret]) == 0
    said = capsys.readouterr().out
    assert "onvif: Acme Eye 2 5.1" in said
    assert "* profile sub (sub stream): H264 640x480, 25 frames/s" in said
    assert f"stream rtsp://{HOST}:{rtsp}/main" in said
    assert "snapshot http://" in said
    assert "a picture came: 640x480" in said
    assert "s3cret" not in said
    pasted = BridgeConfig.model_validate(yaml.safe_load(said.split("\n\n")[1]))
    assert pasted.cameras["gate"].source == source


def test_probe_says_of_a_wrong_password_that_it_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p").write_text("other")
    with onvif_camera(simulated()) as source:
        options = ["--username", "eve", "--password-file", str(tmp_path / "p")]
        assert main(["probe", source, *options]) == 1
    assert "refused: the camera refuses user and password (ONVIF)" in capsys.readouterr().err


def test_discover_lists_cameras_by_the_source_to_probe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scopes = "onvif://www.onvif.org/name/Gate%20Cam onvif://www.onvif.org/hardware/Eye-2"
    evil = "onvif://www.onvif.org/name/%1b[2Jx"
    cameras = (
        ("1", scopes, "http://[fe80::1]/onvif/device_service http://10.9.9.9/onvif/device_service"),
        ("2", evil, "https://10.9.9.8:8443/own/path"),
        ("3", "", "file:///etc/passwd"),
        ("4", "", "http://10.9.9.7:443/onvif/device_service"),
        ("5", "", "https://10.9.9.6:443/onvif/device_service"),
    )
    with discoverable(*cameras):
        assert main(["discover", "--seconds", "1", "--interface", HOST]) == 0
    said = capsys.readouterr().out
    assert "onvif://10.9.9.9/ " in said
    assert "Gate Cam, Eye-2" in said
    assert "onvifs://10.9.9.8:8443/own/path" in said
    assert "onvif://10.9.9.7:443/" in said
    assert "onvifs://10.9.9.6/" in said
    assert "\x1b" not in said
    assert "passwd" not in said


def test_discover_says_what_to_do_where_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover", "--seconds", "0.2", "--interface", HOST]) == 0
    assert "--interface" in capsys.readouterr().out


def test_discover_warns_of_addresses_that_are_not_of_the_site_and_prefers_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cameras = (
        ("1", "onvif://www.onvif.org/name/Gate", "http://1.2.3.4/onvif/device_service"),
        ("2", "", "http://camera.example.com/onvif/device_service"),
        ("3", "onvif://www.onvif.org/name/Yard", "http://192.168.7.7/onvif/device_service"),
    )
    with discoverable(*cameras):
        assert main(["discover", "--seconds", "1", "--interface", HOST]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["is it yours?" in line for line in lines[:3]] == [False, True, True]
    assert "probe onvif://192.168.7.7/ " in lines[-1]


def test_discover_survives_strangers_and_lists_no_thousands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = "".join(
        f"<d:ProbeMatch><r><Address>{number}</Address></r><EndpointReference><Address>{number}"
        f"</Address></EndpointReference><d:XAddrs>http://10.1.{number // 250}.{number % 250}/"
        "</d:XAddrs></d:ProbeMatch>"
        for number in range(400)
    )
    space = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
    deep = "<ProbeMatch>" * 500 + "</ProbeMatch>" * 500
    strange = (
        b"",
        b"\x00\xff" * 30_000,
        BOMB.encode(),
        b"<ProbeMatch><XAddrs>file:///etc/passwd http://a[@evil/ \xff\xfe</XAddrs></ProbeMatch>",
        f'<a xmlns:d="{space}">{many}</a>'.encode(),
        deep.encode(),
    )
    with discoverable(strange=strange):
        assert main(["discover", "--seconds", "1", "--interface", HOST]) == 0
    said = capsys.readouterr().out
    assert "and 144 more" in said
    assert said.count("onvif://10.1.") == 256 + 1
    assert "passwd" not in said
    assert "evil" not in said
