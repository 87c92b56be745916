"""Snapshots and MJPEG over HTTP, and cameras that answer badly."""

from __future__ import annotations

import base64
import itertools
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from bridge.config import SourceConfig
from bridge.fault import FaultReason
from imaging.admission import Reason
from tests.cameras import http_camera, jpeg, reply, take

BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\n"


def mjpeg_head(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
    handler.end_headers()


def test_a_snapshot_is_asked_for_at_the_rate() -> None:
    with http_camera(lambda h: reply(h, jpeg())) as url:
        taken = take(SourceConfig(source=f"{url}/shot.jpg?channel=1", rate_fps=20), 5)
    assert taken.pictures == [jpeg()] * 5


@pytest.mark.parametrize("length", [True, False])
def test_mjpeg_goes_on_picture_by_picture_untouched(length: bool) -> None:
    pictures = [jpeg(number) for number in range(30)]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        mjpeg_head(handler)
        for one in pictures:
            size = b"Content-Length: %d\r\n" % len(one) if length else b""
            handler.wfile.write(BOUNDARY + size + b"\r\n" + one + b"\r\n")
            threading.Event().wait(0.03)

    with http_camera(answer) as url:
        taken = take(SourceConfig(source=url, rate_fps=30), 8)
    assert len(taken.pictures) == 8
    assert set(taken.pictures) <= set(pictures)


def test_mjpeg_that_ends_is_a_fault_to_be_tried_again() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        mjpeg_head(handler)
        for number in range(12):
            handler.wfile.write(BOUNDARY + b"\r\n" + jpeg(number) + b"\r\n")

    with http_camera(answer) as url:
        taken = take(SourceConfig(source=url, rate_fps=30), 99)
    assert taken.pictures
    assert taken.fault is not None
    assert taken.fault.reason is FaultReason.ENDED


def test_a_part_without_an_end_is_given_up_within_bounds() -> None:
    sent = itertools.count()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        mjpeg_head(handler)
        handler.wfile.write(BOUNDARY + b"\r\n" + jpeg())
        while True:
            handler.wfile.write(b"\x00" * 65_536)
            next(sent)

    with http_camera(answer) as url:
        fault = take(SourceConfig(source=url), 99, max_bytes=200_000).fault
    assert fault is not None
    assert fault.reason is FaultReason.UNUSABLE
    assert next(sent) * 65_536 < 20_000_000


def test_a_picture_over_the_limit_is_not_read_to_its_end() -> None:
    with http_camera(lambda h: reply(h, jpeg() + b"\0" * 5_000_000)) as url:
        fault = take(SourceConfig(source=url), 1, max_bytes=100_000).fault
    assert fault is not None
    assert fault.reason is FaultReason.UNUSABLE


def test_an_answer_that_drips_is_given_up() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.end_headers()
        while True:
            handler.wfile.write(b"\xff")
            threading.Event().wait(0.1)

    with http_camera(answer) as url:
        fault = take(SourceConfig(source=url, stall_s=1), 1).fault
    assert fault is not None
    assert fault.reason is FaultReason.STALLED


def test_what_is_no_picture_is_rejected_and_the_source_goes_on() -> None:
    answers = itertools.cycle([b"\xff\xd8\xff garbage", jpeg()])
    with http_camera(lambda h: reply(h, next(answers))) as url:
        taken = take(SourceConfig(source=url, rate_fps=30), 4)
    assert taken.pictures == [jpeg()] * 2
    assert [one.reason for one in taken.rejected] == [Reason.MALFORMED] * 2


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, FaultReason.REFUSED),
        (403, FaultReason.REFUSED),
        (404, FaultReason.NOT_FOUND),
        (500, FaultReason.UNREACHABLE),
    ],
)
def test_an_error_of_the_camera_is_named(status: int, why: FaultReason) -> None:
    with http_camera(lambda h: h.send_error(status)) as url:
        fault = take(SourceConfig(source=url), 1).fault
    assert fault is not None
    assert fault.reason is why


def test_a_redirection_is_not_followed() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "http://169.254.169.254/latest")
        handler.end_headers()

    with http_camera(answer) as url:
        fault = take(SourceConfig(source=url), 1).fault
    assert fault is not None
    assert fault.reason is FaultReason.UNUSABLE


def test_a_page_or_a_film_is_no_source() -> None:
    with http_camera(lambda h: reply(h, b"<html>", "text/html")) as url:
        fault = take(SourceConfig(source=url), 1).fault
    assert fault is not None
    assert "text/html" in fault.detail


def test_basic_authentication_sends_what_the_file_holds(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    wanted = "Basic " + base64.b64encode(b"eve:s3cret").decode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Authorization") == wanted:
            reply(handler, jpeg())
        else:
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", 'Basic realm="camera"')
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    with http_camera(answer) as url:
        camera = SourceConfig(source=url, username="eve", password_file=secret, rate_fps=20)
        assert len(take(camera, 3).pictures) == 3
        secret.write_text("wrong")
        fault = take(camera, 1).fault
    assert fault is not None
    assert fault.reason is FaultReason.REFUSED


@pytest.mark.parametrize(
    "asked", ['Digest realm="x", nonce="y", algorithm=FOO', "Digest ,", "Digest"]
)
def test_a_login_that_nobody_understands_is_named(tmp_path: Path, asked: str) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", asked)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with http_camera(answer) as url:
        fault = take(with_password(tmp_path, url), 1).fault
    assert fault is not None
    assert fault.reason in (FaultReason.UNUSABLE, FaultReason.REFUSED)


def test_a_camera_that_drops_the_connection_behind_a_401_is_logged_in_to(tmp_path: Path) -> None:
    seen: set[object] = set()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = handler.client_address in seen  # without a word
        if handler.close_connection:
            return
        seen.add(handler.client_address)
        if "Authorization" in handler.headers:
            reply(handler, jpeg())
            return
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", 'Basic realm="x"')
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with http_camera(answer, protocol="HTTP/1.1") as url:
        taken = take(with_password(tmp_path, url), 1)
    assert taken.pictures == [jpeg()], taken.fault


def with_password(folder: Path, url: str) -> SourceConfig:
    (folder / "password").write_text("s3cret")
    return SourceConfig(source=url, username="eve", password_file=folder / "password")
