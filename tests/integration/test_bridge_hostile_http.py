"""HTTP cameras that mean harm: bombs, endless answers, drips. All end as faults, within bounds."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest

from bridge.__main__ import main
from bridge.config import SourceConfig
from bridge.fault import FaultReason
from tests.cameras import Taken, jpeg, take
from tests.processes import HOST
from tests.raw_server import Answer, PeakMemory, forever, once, raw_server

ENDLESS_MJPEG = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n"
PART = ENDLESS_MJPEG + b"--x\r\n"
MB = 1_000_000
UNREACHABLE, STALLED = {FaultReason.UNREACHABLE}, {FaultReason.STALLED}
TOO_MUCH = {FaultReason.UNUSABLE, *STALLED}
"""Too many bytes, unless the machine is so busy that the time is over before they came."""


def taken(answer: Answer, count: int = 1, **keys: object) -> Taken:
    with raw_server(answer) as server:
        source = f"http://{HOST}:{server.port}/x"
        return take(SourceConfig.model_validate({"source": source, "stall_s": 1, **keys}), count)


def coded(body: bytes, coding: str) -> Answer:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Encoding: {coding}\r\n"
    return once(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def zeros(megabytes: int) -> bytes:
    """As gzip, which is a thousandth of it."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return b"".join(packing.compress(bytes(MB)) for _ in range(megabytes)) + packing.flush()


BOMB = zeros(300)


@pytest.mark.parametrize("coding", ["gzip", "X-GZIP"])
def test_an_answer_that_expands_is_not_expanded_beyond_a_picture(coding: str) -> None:
    memory = PeakMemory()
    said = taken(coded(BOMB, coding)).fault
    assert memory.grown_bytes() < 40 * MB
    assert said is not None
    assert (said.reason, "over 2000000 bytes" in said.detail) == (FaultReason.UNUSABLE, True)


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "zstd", "gzip,identity"])
def test_what_is_compressed_in_another_way_is_refused(coding: str) -> None:
    memory = PeakMemory()
    said = taken(coded(gzip.compress(BOMB), coding)).fault
    assert memory.grown_bytes() < 40 * MB
    assert said is not None
    assert "not asked for" in said.detail


@pytest.mark.parametrize(
    ("body", "coding"), [(gzip.compress(jpeg()), "gzip"), (zlib.compress(jpeg()), "deflate")]
)
def test_a_picture_that_came_compressed_all_the_same_is_taken(body: bytes, coding: str) -> None:
    assert taken(coded(body, coding)).pictures == [jpeg()]


def test_compressed_rubbish_is_a_fault() -> None:
    said = taken(coded(b"rubbish" * 100, "gzip")).fault
    assert said is not None
    assert "damaged" in said.detail


@pytest.mark.parametrize(
    ("answer", "whys"),
    [
        (forever(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1000), UNREACHABLE),
        (forever(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65_536), UNREACHABLE),
        (forever(b"", b"\x00\xff" * 1000), UNREACHABLE),
        (forever(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.1), STALLED),
        (forever(b"", b"H", 0.1), STALLED),
        (forever(PART, b"X-A: b\r\n" * 1000), TOO_MUCH),
        (forever(PART + b"X: ", b"a" * 65_536), TOO_MUCH),
        (forever(PART, b"X-A: b\r\n", 0.1), STALLED),
        (
            forever(PART, b"Content-Type: image/jpeg\r\nContent-Length: 0\r\n\r\n\r\n--x\r\n"),
            STALLED,
        ),
    ],
)
def test_an_answer_without_an_end_ends_as_a_fault(answer: Answer, whys: set[FaultReason]) -> None:
    memory = PeakMemory()
    said = taken(answer, count=5).fault  # what lies about at the end counts as a picture
    assert said is not None
    assert said.reason in whys, said.detail
    assert memory.grown_bytes() < 60 * MB


def test_a_part_that_calls_itself_huge_is_rejected() -> None:
    head = PART + b"Content-Type: image/jpeg\r\nContent-Length: 2000000000\r\n\r\n"
    memory = PeakMemory()
    found = taken(forever(head, jpeg() * 10))
    assert found.rejected or found.fault
    assert memory.grown_bytes() < 80 * MB


@pytest.mark.parametrize("gap_s", [0.0, 0.1])
def test_a_refusal_without_an_end_is_not_read_to_it(gap_s: float, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret")
    head = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\n'
    head += b"Content-Length: 9000000000\r\n\r\n"
    memory = PeakMemory()
    said = taken(
        forever(head, b"x" * 65_536 if not gap_s else b"x", gap_s),
        username="eve",
        password_file=tmp_path / "password",
    ).fault
    assert memory.grown_bytes() < 40 * MB
    assert said is not None
    assert said.reason in (STALLED if gap_s else UNREACHABLE | STALLED)


ESCAPE = b"\x1b[31m\xc2\x9b31m\xe2\x80\xae"


@pytest.mark.parametrize(
    "answer",
    [
        b"GARBAGE " + ESCAPE * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: video/" + ESCAPE + b"y" * 60_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html" + ESCAPE * 3 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: " + ESCAPE + b"\r\n\r\n",
    ],
)
def test_a_cameras_words_are_short_and_fit_for_a_terminal(answer: bytes) -> None:
    said = taken(once(answer)).fault
    assert said is not None
    assert str(said).isprintable()
    assert len(said.detail) <= 400


def test_probe_prints_no_escape_of_a_camera(capsys: pytest.CaptureFixture[str]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/" + ESCAPE + b"\r\nContent-Length: 3\r\n\r\nabc"
    with raw_server(once(head)) as server:
        assert main(["probe", f"http://{HOST}:{server.port}/x"]) == 1
    said = capsys.readouterr()
    assert "image/?[31m" in said.out
    assert all(line.isprintable() for line in (said.out + said.err).splitlines())
