"""Where the bridge fetches the pictures of Frigate's cameras, and that no password is printed."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.config import parse as parse_bridge
from edge.frigate.translate import bridge_yaml, edge_yaml
from tests.unit.edge.frigate.imports import (
    camera,
    imported,
    printed_for_the_bridge,
    remarks,
    source,
)

_USERS = ("", "u@", "u:p@", ":p@", "u%0a:p@", "%00:p@", f"{'u' * 300}:p@", "{FRIGATE_U}:x@")
_HOSTS = ("cam", "10.0.0.5:554", "[::1]", "[fe80::1%25e]", "cam:", "cam:0", "cam:99999", "a..b")
_RESTS = ("", "/s?x=%41", f"/{'s' * 3000}", "/a b", "/%zz", "/..", "#x", "/{FRIGATE_U}")


@pytest.mark.parametrize("off", ["enabled: false", "detect: {enabled: false}"])
def test_the_bridge_does_not_fetch_a_camera_that_is_off_and_that_is_said(off: str) -> None:
    text = camera("rtsp://10.0.0.1/s").replace("front: {", f"front: {{{off}, ")
    printed = bridge_yaml(text.encode(), {})
    assert "rtsp://" not in printed
    assert "off there: its pictures are not fetched" in printed


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("rtsp://10.0.0.1:554/s?channel=1&subtype=2", "rtsp://10.0.0.1:554/s?channel=1&subtype=2"),
        ("rtsp://u:p%40ss@10.0.0.1/s", "rtsp://10.0.0.1/s"),
        ("rtsp://u:p@ss@10.0.0.1/s#backchannel=0", "rtsp://10.0.0.1/s"),
        ("RTSPS://u:p@cam.lan:322/s", "rtsps://cam.lan:322/s"),
    ],
)
def test_an_address_loses_its_password_and_keeps_the_rest(path: str, expected: str) -> None:
    assert source(camera(path))["source"] == expected


@pytest.mark.parametrize(
    "path",
    [
        "rtsp://u:Secret/x@10.0.0.1/s",
        "rtsp://u:Sec#ret@10.0.0.1/s",
        "rtsp://10.0.0.1/user=u&password=Secret&channel=1",
        "http://10.0.0.1/flv?user=u&password=Secret",
        "rtmp://u:Secret@10.0.0.1/bcs/channel0",
    ],
)
def test_what_the_bridge_cannot_take_is_said_without_what_may_be_secret(path: str) -> None:
    told = bridge_yaml(camera(path).encode(), {})
    assert yaml.safe_load(told)["cameras"] == {}
    assert "no source for the bridge" in told
    assert "Sec" not in told


@pytest.mark.parametrize(
    "path",
    [
        *("rtsp://10.0.0.1:99999/s", "rtsp://10.0.0.1:0/s", "rtsp://10.0.0.1:x/s"),
        *("rtsp://:554/s", "rtsp://[::1/s", "rtsp://cam..lan/s", "rtsp://-cam/s"),
        f"rtsp://{'c' * 64}/s",
    ],
)
def test_a_host_or_port_that_cannot_be_is_no_source(path: str) -> None:
    text = camera(path)
    assert source(text) == {}
    assert "its host or port is malformed" in bridge_yaml(text.encode(), {})


def test_a_password_without_a_user_is_left_out_and_that_is_said() -> None:
    text = camera("rtsp://:Secret@10.0.0.1/s")
    assert source(text) == {"source": "rtsp://10.0.0.1/s"}
    assert "a password without a user" in bridge_yaml(text.encode(), {})


@pytest.mark.parametrize("host", ["10.0.0.1:1883", "cafe:1883", "mqtt..lan", "[::1]", "::g"])
def test_a_broker_that_is_no_host_is_a_remark_for_gateway_and_bridge(host: str) -> None:
    text = f"mqtt: {{host: '{host}'}}\ncameras: {{front: {{}}}}"
    assert imported(text) is not None
    assert source(text) == {}
    assert "is no host: add it to the broker yourself" in remarks(text)


def test_variables_come_from_the_environment_or_the_file_and_passwords_never_do() -> None:
    path = "rtsp://{FRIGATE_USER}:{FRIGATE_PASSWORD}@{FRIGATE_HOST}/s"
    text = camera(path, "\nenvironment_vars: {FRIGATE_USER: viewer}")
    environ = {"FRIGATE_HOST": "10.0.0.1", "FRIGATE_PASSWORD": "Se/cret"}
    assert source(text, **environ) == {
        "source": "rtsp://10.0.0.1/s",
        "username": "viewer",
        "password_file": "/etc/stillwatch/front-password",
    }
    assert source(text) == {}


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("rtsp://10.0.0.1/s", "rtsp://10.0.0.1/s"),
        ("['ffmpeg:rtsp://10.0.0.1/s#video=copy', 'ffmpeg:one#audio=opus']", "rtsp://10.0.0.1/s"),
        ("ffmpeg:other#video=h264", "rtsp://10.0.0.2/o"),
        ("homekit://10.0.0.3", "rtsp://127.0.0.1:8554/one"),
        ("ffmpeg:one", "rtsp://127.0.0.1:8554/one"),
    ],
)
def test_behind_go2rtc_the_camera_itself_is_found(stream: str, expected: str) -> None:
    streams = f"\ngo2rtc: {{streams: {{one: {stream}, other: 'rtsp://10.0.0.2/o'}}}}"
    streams = streams.replace(": ffmpeg", ": 'ffmpeg").replace("#video=h264,", "#video=h264',")
    streams = streams.replace("ffmpeg:one, other", "ffmpeg:one', other")
    assert source(camera("rtsp://127.0.0.1:8554/one", streams))["source"] == expected


def test_a_restream_that_is_named_by_the_machines_address_is_one_too() -> None:
    streams = "\ngo2rtc: {streams: {one: 'rtsp://10.0.0.1/s'}}"
    assert source(camera("rtsp://10.0.0.9:8554/one", streams))["source"] == "rtsp://10.0.0.1/s"
    other = source(camera("rtsp://10.0.0.9:8554/two", streams))
    assert other["source"] == "rtsp://10.0.0.9:8554/two"


def test_a_stream_over_tls_with_any_certificate_stays_one() -> None:
    streams = "\ngo2rtc: {streams: {one: 'rtspx://10.0.0.1:7441/Ab1'}}"
    assert source(camera("rtsp://localhost:8554/one", streams)) == {
        "source": "rtsps://10.0.0.1:7441/Ab1",
        "verify_tls": False,
    }


@given(
    st.sampled_from(("rtsp", "RTSP", "rtsps", "rtspx", "http", "https", "rtmp")),
    st.sampled_from(_USERS),
    st.sampled_from(_HOSTS),
    st.sampled_from(_RESTS),
    st.sampled_from((5, 0, 0.0001, 31, "5", float("nan"))),
    st.sampled_from((640, 63, 4097, 100.7, True)),
)
@settings(deadline=None)
def test_whatever_is_printed_for_the_bridge_the_bridge_takes(
    scheme: str, user: str, host: str, rest: str, fps: float | str, width: float
) -> None:
    inputs = [{"path": f"{scheme}://{user}{host}{rest}", "roles": ["detect"]}]
    front = {"ffmpeg": {"inputs": inputs}, "detect": {"fps": fps, "width": width}}
    document = {"mqtt": {"host": host, "user": "u", "password": "p"}, "cameras": {"front": front}}
    told = bridge_yaml(yaml.safe_dump(document).encode(), {"FRIGATE_U": "a/b"})
    parse_bridge(told, "told")


@pytest.mark.parametrize("port", ["0", "99999", "1e300", "-1"])
def test_a_port_that_is_none_is_a_remark_for_gateway_and_bridge(port: str) -> None:
    text = f"mqtt: {{host: h, port: {port}}}\ncameras: {{front: {{}}}}"
    for told in (edge_yaml(text.encode(), {}), bridge_yaml(text.encode(), {})):
        assert "mqtt.port: is no port" in told
        document = yaml.safe_load(told)
        assert document.get("intake", document)["broker"] == {"host": "h"}


@pytest.mark.parametrize(
    "path",
    ["http://h/snap.cgi?user=a&pwd=Secret", "rtsp://h/user=a_password=Secret_channel=1.sdp"],
)
def test_a_password_within_a_path_is_not_repeated(path: str) -> None:
    text = f"cameras: {{front: {{ffmpeg: {{inputs: [{{path: '{path}', roles: [detect]}}]}}}}}}"
    told = bridge_yaml(text.encode(), {})
    assert "Secret" not in told
    assert "a password stands within" in told


def test_what_a_variable_holds_is_not_written_out_as_part_of_a_path() -> None:
    told = printed_for_the_bridge("rtsp://10.0.0.1/{FRIGATE_P}/s", FRIGATE_P="hunter2")
    assert "hunter2" not in told
    assert "a variable stands within its path" in told


def test_a_user_that_is_not_set_is_left_to_the_reader_beside_the_source() -> None:
    told = printed_for_the_bridge("rtsp://{FRIGATE_U}:{FRIGATE_P}@10.0.0.1/s")
    assert "source: rtsp://10.0.0.1/s" in told
    assert "FRIGATE_U is not set here: add username and password_file" in told


@pytest.mark.parametrize("path", ["rtsp://${CAM_U}:${CAM_P}@10.0.0.1/s", "rtsp://{CAM_H}/s"])
def test_a_placeholder_of_another_program_is_named_as_such(path: str) -> None:
    told = printed_for_the_bridge(path)
    assert "a placeholder that is not Frigate's" in told
    assert "CAM_" not in told


def test_a_restream_with_options_is_one_too() -> None:
    text = (
        camera("rtsp://127.0.0.1:8554/a?video=copy")
        + "\ngo2rtc: {streams: {a: 'rtsp://u:p@10.0.0.9/x'}}"
    )
    assert source(text)["source"] == "rtsp://10.0.0.9/x"


def test_over_tls_the_bridge_checks_what_frigate_did_not_and_says_so() -> None:
    assert "set verify_tls: false" in printed_for_the_bridge("rtsps://10.0.0.1/s")
