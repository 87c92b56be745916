"""RTSP servers that mean harm: redirections, endless answers, silence, other hosts."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bridge.__main__ import main
from bridge.config import SourceConfig
from bridge.fault import FaultReason, SourceFault
from tests.cameras import take
from tests.processes import HOST
from tests.raw_server import Answer, PeakMemory, forever, raw_server, rtsp_reply

MB = 1_000_000
OK = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n"


def watched(port: int, folder: Path, **keys: object) -> SourceFault:
    (folder / "password").write_text("s3cret")
    source = f"rtsp://{HOST}:{port}/x"
    secret = {"username": "eve", "password_file": folder / "password"}
    camera = SourceConfig.model_validate({"source": source, "stall_s": 2, **secret, **keys})
    said = take(camera, 1).fault
    assert said is not None
    return said


def redirecting(target: str, asked_first: bytes) -> Answer:
    def answer(connection: socket.socket, asked: bytes) -> None:
        if asked.startswith(asked_first):
            connection.sendall(rtsp_reply(asked, "302 Moved", f"Location: {target}\r\n"))
        else:
            connection.sendall(rtsp_reply(asked, headers="Public: DESCRIBE\r\n"))

    return answer


@pytest.mark.parametrize("at", [b"OPTIONS", b"DESCRIBE"])
@pytest.mark.parametrize(
    "target",
    [
        "rtsp://{}/y",
        "rtsps://{}/y",
        "RTSP://{}/y",
        "satip://{}/y",
        "tcp://{}/y",
        "tls://{}/y",
        "http://{}/y",
        "concat:rtsp://{}/y",
        "file:///etc/passwd",
        "//{}/y",
    ],
)
def test_a_redirection_is_not_followed_anywhere(at: bytes, target: str, tmp_path: Path) -> None:
    with raw_server(lambda *_: None) as other:
        with raw_server(redirecting(target.format(f"{HOST}:{other.port}"), at)) as camera:
            said = watched(camera.port, tmp_path)
        assert other.connections == 0
    assert said.reason in (FaultReason.UNUSABLE, FaultReason.UNREACHABLE)
    assert "s3cret" not in said.detail


def test_an_honest_redirection_is_told_what_to_do(tmp_path: Path) -> None:
    with raw_server(redirecting("rtsp://recorder.lan/y", b"DESCRIBE")) as camera:
        said = watched(camera.port, tmp_path)
    assert "name the final address" in said.detail


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda *_: None, FaultReason.STALLED),
        (forever(b"", b"\x00\xfe" * 30_000), FaultReason.STALLED),
        (forever(OK, b"X-A: b\r\n" * 1000), FaultReason.STALLED),
        (forever(OK + b"X: ", b"a" * 65_536), FaultReason.STALLED),
        (forever(OK + b"X: ", b"a", 0.1), FaultReason.STALLED),
        (forever(b"", b"$\x00\xff\xff" + b"x" * 65_535), FaultReason.STALLED),
        (lambda link, _: link.sendall(b"\r\n" * 10), FaultReason.UNUSABLE),
        (
            lambda link, asked: link.sendall(rtsp_reply(asked, headers="Content-Length: -5\r\n")),
            FaultReason.UNUSABLE,
        ),
    ],
)
def test_what_is_no_answer_or_has_no_end_is_a_fault(
    answer: Answer, why: FaultReason, tmp_path: Path
) -> None:
    memory = PeakMemory()
    with raw_server(answer) as camera:
        said = watched(camera.port, tmp_path)
    assert said.reason is why, said.detail
    assert memory.grown_bytes() < 60 * MB


def test_an_answer_that_calls_itself_two_gigabytes_takes_no_such_memory(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A bridge bounds FFmpeg's memory before it asks; `probe` does the same."""
    head = OK + b"Content-Length: 2000000000\r\n\r\n"
    memory = PeakMemory()
    with raw_server(forever(head, b"v" * 1_000_000)) as camera:
        assert main(["probe", f"rtsp://{HOST}:{camera.port}/x"]) == 1
    assert memory.grown_bytes() < 150 * MB
    assert capsys.readouterr().err


def test_thousands_of_streams_in_a_description_end_in_time(tmp_path: Path) -> None:
    track = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n"
    described = "Content-Type: application/sdp\r\n"
    session = "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"

    def answer(connection: socket.socket, asked: bytes) -> None:
        if asked.startswith(b"DESCRIBE"):
            connection.sendall(rtsp_reply(asked, headers=described, body=b"v=0\r\n" + track * 9000))
        else:
            connection.sendall(rtsp_reply(asked, headers=session))

    with raw_server(answer) as camera:
        assert watched(camera.port, tmp_path).reason in (FaultReason.STALLED, FaultReason.UNUSABLE)


def test_a_format_that_no_camera_sends_is_not_decoded(tmp_path: Path) -> None:
    described = "Content-Type: application/sdp\r\n"
    session = "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"

    def answer(connection: socket.socket, asked: bytes) -> None:
        body = b"v=0\r\nm=video 0 RTP/AVP 31\r\na=control:t\r\n"  # H.261
        is_describe = asked.startswith(b"DESCRIBE")
        headers, sent = (described, body) if is_describe else (session, b"")
        connection.sendall(rtsp_reply(asked, headers=headers, body=sent))
        if asked.startswith(b"PLAY"):
            for number in range(200):
                stamp = (number * 9000).to_bytes(4, "big")
                packet = b"\x80\x9f" + number.to_bytes(2, "big") + stamp + b"\0\0\0\1" + bytes(104)
                connection.sendall(b"$\0" + len(packet).to_bytes(2, "big") + packet)

    with raw_server(answer) as camera:
        said = watched(camera.port, tmp_path)
    assert said.reason is FaultReason.NO_VIDEO
    assert "h261" in said.detail
