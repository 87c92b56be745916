"""Answers that a real S3 server gives only on bad days, from a server that speaks real HTTP."""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from objectstore.open import open_store
from objectstore.store import NotFound, ObjectStore, PermanentStoreError, TransientStoreError

KEY = "evidence/gw/cam/x.jpg"
Answer = tuple[int, str, dict[str, str]]
"""Status, S3 error code (or body, where the status is 200), headers."""


@contextmanager
def s3_that_answers(
    folder: Path, *answers: Answer, tls: ssl.SSLContext | None = None, more: str = ""
) -> Iterator[tuple[ObjectStore, list[str]]]:
    """A store whose server gives `answers` in turn and the last one for ever; with its requests.

    `tls` and `more` as for `serving`.
    """
    requests: list[str] = []

    class Server(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            status, text, headers = answers[min(len(requests), len(answers) - 1)]
            requests.append(str(self.headers))
            error = f"<Error><Code>{text}</Code><Message>in words</Message></Error>"
            body = (text if status == 200 else error).encode()
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if status != 304:
                self.wfile.write(body)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with serving(folder, Server, tls, more) as store:
        yield store, requests


@contextmanager
def serving(
    folder: Path,
    handler: type[BaseHTTPRequestHandler],
    tls: ssl.SSLContext | None = None,
    more: str = "",
) -> Iterator[ObjectStore]:
    """A store whose server answers as `handler` does, over `tls` if given; `more` of its keys."""
    credentials = folder / "credentials.ini"
    credentials.write_text("[any]\naws_access_key_id=a\naws_secret_access_key=b\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            scheme = "http" if tls is None else "https"
            endpoint = f"{scheme}://127.0.0.1:{server.server_address[1]}"
            spec = f"s3:evidence?endpoint_url={endpoint}&credentials_file={credentials}&timeout_s=2"
            yield open_store(spec + more)
        finally:
            server.shutdown()
            thread.join()


def put(store: ObjectStore) -> str:
    return store.put_if_absent(KEY, b"body", "image/jpeg")


@pytest.mark.parametrize("status", [412, 304])
def test_a_failed_precondition_means_that_it_exists(tmp_path: Path, status: int) -> None:
    with s3_that_answers(tmp_path, (status, "PreconditionFailed", {})) as (store, requests):
        assert put(store) == "exists"
    assert len(requests) == 1


def test_a_put_carries_condition_and_checksums(tmp_path: Path) -> None:
    with s3_that_answers(tmp_path, (200, "", {"ETag": '"x"'})) as (store, requests):
        assert put(store) == "created"
    assert "If-None-Match: *" in requests[0]
    assert "Content-MD5: " in requests[0]
    assert "x-amz-checksum-sha256: " in requests[0]
    assert "AWS4-HMAC-SHA256" in requests[0]
    assert hashlib.sha256(b"body").hexdigest() in requests[0]


@pytest.mark.parametrize(
    ("mode", "md5", "sha256"),
    [("sha256", True, True), ("md5", True, False), ("none", False, False)],
)
def test_checksums_are_those_that_a_server_understands(
    tmp_path: Path, mode: str, md5: bool, sha256: bool
) -> None:
    created: Answer = (200, "", {"ETag": '"x"'})
    with s3_that_answers(tmp_path, created, more=f"&checksums={mode}") as (store, requests):
        assert put(store) == "created"
    assert ("Content-MD5: " in requests[0]) is md5
    assert ("x-amz-checksum-sha256: " in requests[0]) is sha256


def test_a_conflict_with_another_writer_is_tried_again(tmp_path: Path) -> None:
    conflict: Answer = (409, "ConditionalRequestConflict", {})
    with s3_that_answers(tmp_path, conflict, conflict, (412, "x", {})) as (store, requests):
        assert put(store) == "exists"
    assert len(requests) == 3


def test_a_conflict_without_end_is_transient(tmp_path: Path) -> None:
    with (
        s3_that_answers(tmp_path, (409, "ConditionalRequestConflict", {})) as (store, requests),
        pytest.raises(TransientStoreError, match="others were writing it"),
    ):
        put(store)
    assert len(requests) == 4


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "InternalError"), (503, "SlowDown"), (429, "Many"), (400, "RequestTimeout"),
     (403, "RequestTimeTooSkewed"), (400, "BadDigest")],
)  # fmt: skip
def test_a_servers_bad_day_is_transient_and_not_tried_again_here(
    tmp_path: Path, status: int, code: str
) -> None:
    with s3_that_answers(tmp_path, (status, code, {})) as (store, requests):
        with pytest.raises(TransientStoreError, match=f"{status} {code}: in words"):
            put(store)
        assert len(requests) == 1
        with pytest.raises(TransientStoreError, match=f"{status} {code}"):
            store.get(KEY, max_bytes=10)


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (400, "InvalidRequest"), (404, "NoSuchBucket")]
)
def test_a_refusal_is_permanent(tmp_path: Path, status: int, code: str) -> None:
    with s3_that_answers(tmp_path, (status, code, {})) as (store, _):
        with pytest.raises(PermanentStoreError, match=f"{status} {code}: in words"):
            put(store)
        with pytest.raises(PermanentStoreError, match=f"{status} {code}") as refusal:
            store.get(KEY, max_bytes=10)
    assert not isinstance(refusal.value, NotFound)


def test_a_captive_portal_that_welcomes_everybody_stored_nothing(tmp_path: Path) -> None:
    with (
        s3_that_answers(tmp_path, (200, "<html>Welcome</html>", {})) as (store, _),
        pytest.raises(TransientStoreError, match="not of an S3 server"),
    ):
        put(store)


def test_a_body_that_breaks_off_is_transient(tmp_path: Path) -> None:
    broken: Answer = (200, "half", {"Content-Length": "8", "ETag": '"x"'})
    with s3_that_answers(tmp_path, broken) as (store, _), pytest.raises(TransientStoreError):
        store.get(KEY, max_bytes=10)


def test_a_body_that_claims_too_much_is_not_read(tmp_path: Path) -> None:
    huge: Answer = (200, "only this", {"Content-Length": str(10**12), "ETag": '"x"'})
    with (
        s3_that_answers(tmp_path, huge) as (store, _),
        pytest.raises(PermanentStoreError, match="more than 10 bytes"),
    ):
        store.get(KEY, max_bytes=10)


@pytest.mark.parametrize("promise", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_an_answer_a_byte_at_a_time_is_given_up_though_it_never_ends(
    tmp_path: Path, promise: bytes
) -> None:
    over = threading.Event()

    class Drips(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):
                self.wfile.write(promise or b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(0.2):
                    self.wfile.write(b"x")

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with serving(tmp_path, Drips) as store:
        with pytest.raises(TransientStoreError):
            store.get(KEY, 1_000_000)
        over.set()
