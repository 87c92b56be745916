"""RTSP from GStreamer's server: what plays, and what is said when it does not."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from av.codec.hwaccel import hwdevices_available

from bridge.config import SourceConfig
from bridge.fault import FaultReason
from imaging.admission import Reason
from tests.authorities import authority, issue
from tests.cameras import Codec, film, rtsp_camera, take
from tests.processes import HOST, free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def h264(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("film") / "h264.mp4")


def address(port: int, path: str = "live", scheme: str = "rtsp") -> str:
    return f"{scheme}://{HOST}:{port}/{path}"


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
def test_every_usual_codec_plays_over_either_transport(
    tmp_path: Path, codec: Codec, transport: str
) -> None:
    file = film(tmp_path / "film.mp4", codec, seconds=8)
    with rtsp_camera(tmp_path, f"/live={file}:{codec}") as port:
        camera = SourceConfig.model_validate(
            {"source": address(port), "rate_fps": 5, "transport": transport}
        )
        assert take(camera, 6).sizes == [(320, 240)] * 6


def test_wide_pictures_are_reduced_to_the_width_asked_for(tmp_path: Path, h264: Path) -> None:
    with rtsp_camera(tmp_path, f"/live={h264}:h264") as port:
        taken = take(SourceConfig(source=address(port), width_px=160), 2)
    assert taken.sizes == [(160, 120)] * 2


def test_only_key_frames_come_where_only_they_are_wanted(tmp_path: Path) -> None:
    file = film(tmp_path / "film.mp4", fps=10, gop=20, seconds=8)
    with rtsp_camera(tmp_path, f"/live={file}:h264") as port:
        taken = take(SourceConfig(source=address(port), rate_fps=10, decode="keyframes"), 99)
    assert 3 <= len(taken.pictures) <= 4
    assert taken.fault is not None
    assert taken.fault.reason is FaultReason.ENDED


def test_a_picture_that_is_larger_than_allowed_is_not_decoded(tmp_path: Path) -> None:
    file = film(tmp_path / "film.mp4", size=(4096, 2304), fps=5, seconds=2, gop=5)
    with rtsp_camera(tmp_path, f"/live={file}:h264") as port:
        taken = take(SourceConfig(source=address(port), stall_s=2), 1)
    assert taken.pictures == []
    assert taken.fault is not None or taken.rejected[0].reason is Reason.TOO_MANY_PIXELS


def test_a_stream_that_stalls_is_given_up_in_time(tmp_path: Path, h264: Path) -> None:
    with rtsp_camera(tmp_path, f"/live={h264}:h264:stall") as port:
        taken = take(SourceConfig(source=address(port), rate_fps=10, stall_s=2), 99)
    assert len(taken.pictures) > 5
    assert taken.fault is not None
    assert taken.fault.reason is FaultReason.STALLED


def test_the_right_password_plays_and_a_wrong_one_is_named(tmp_path: Path, h264: Path) -> None:
    secret = tmp_path / "password"
    with rtsp_camera(tmp_path, f"/live={h264}:h264", options=("--user", "eve:p@ss:/#w")) as port:
        camera = SourceConfig(source=address(port), username="eve", password_file=secret, stall_s=3)
        secret.write_text("p@ss:/#w\n")
        assert len(take(camera, 2).pictures) == 2
        secret.write_text("wrong")
        taken = take(camera, 2)
    assert taken.fault is not None
    assert taken.fault.reason is FaultReason.REFUSED
    assert "wrong" not in str(taken.fault)


def test_an_unknown_path_and_a_closed_port_are_told_apart(tmp_path: Path, h264: Path) -> None:
    with rtsp_camera(tmp_path, f"/live={h264}:h264") as port:
        missing = take(SourceConfig(source=address(port, "other")), 1).fault
    gone = take(SourceConfig(source=address(free_port())), 1).fault
    assert missing is not None
    assert missing.reason is FaultReason.NOT_FOUND
    assert gone is not None
    assert (gone.reason, gone.detail) == (FaultReason.UNREACHABLE, "Connection refused")


def test_over_tls_the_authority_decides(tmp_path: Path, h264: Path) -> None:
    ours = issue(tmp_path, authority(tmp_path, "ours"), "camera")
    other = authority(tmp_path, "other")
    options = ("--tls", str(ours.cert_file), str(ours.key_file))
    with rtsp_camera(tmp_path, f"/live={h264}:h264", options=options) as port:
        source = address(port, scheme="rtsps")
        assert (
            len(take(SourceConfig(source=source, ca_file=ours.ca_file, stall_s=5), 2).pictures) == 2
        )
        assert len(take(SourceConfig(source=source, verify_tls=False, stall_s=5), 2).pictures) == 2
        fault = take(SourceConfig(source=source, ca_file=other, stall_s=5), 2).fault
        assert fault is not None


def test_pictures_of_changing_size_go_on_in_the_size_they_have(tmp_path: Path) -> None:
    small, large = film(tmp_path / "s.mp4", seconds=2), film(tmp_path / "l.mp4", size=(640, 480))
    with rtsp_camera(tmp_path, f"/live={small}:h264") as port:
        before = take(SourceConfig(source=address(port)), 99)
    with rtsp_camera(tmp_path, f"/live={large}:h264", port=port):
        after = take(SourceConfig(source=address(port)), 2)
    assert set(before.sizes) == {(320, 240)}
    assert set(after.sizes) == {(640, 480)}


def test_a_peer_that_speaks_no_rtsp_ends_as_a_fault_and_not_as_a_hang() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]

        def babble() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"RTSP/9.9 \xff\xfe" + b"A" * 100_000 + b"\r\n\r\n")
                threading.Event().wait(3)

        threading.Thread(target=babble, daemon=True).start()
        assert take(SourceConfig(source=address(port), stall_s=2), 1).fault is not None


@pytest.mark.parametrize(
    ("hwaccel", "words"),
    [("vaapi", "has no vaapi, only"), ("cuda", "no cuda that decodes is on this machine")],
)
def test_hardware_that_is_not_there_is_named_before_the_camera_is_asked(
    hwaccel: str, words: str
) -> None:
    if Path("/dev/nvidiactl").exists() or "vaapi" in hwdevices_available():
        pytest.skip("this machine, or its FFmpeg, has what is to be missing")
    camera = SourceConfig.model_validate({"source": address(free_port()), "hwaccel": hwaccel})
    fault = take(camera, 1).fault
    assert fault is not None
    assert fault.reason is FaultReason.UNUSABLE
    assert words in fault.detail
    assert "leave it out" in fault.detail
