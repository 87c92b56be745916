"""Simulated cameras: what they show, how they wrap it, and when they are due."""

from __future__ import annotations

import base64
import json
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.fakes import START
from tools.demo.camera_sim.__main__ import address, main
from tools.demo.camera_sim.payload import PAYLOAD_FORMATS, wrap
from tools.demo.camera_sim.player import PublishTimes
from tools.demo.camera_sim.sources import PictureStreamError, open_stream
from tools.demo.footage.video import write_video

PICTURE = b"\xff\xd8\xff" + bytes(range(256)) * 100


def shade(jpeg: bytes) -> int:
    """Which of the grey frames of `video` this is."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    return round(float(picture.mean()) / 20)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Ten frames at 10 frames/s, each 20 grey levels brighter."""
    frames = (np.full((48, 64, 3), 20 * number, np.uint8) for number in range(10))
    write_video(tmp_path / "clip.mp4", frames, fps=10)
    return tmp_path / "clip.mp4"


@pytest.mark.parametrize(
    ("fps", "shown"),
    [
        (10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (5, [0, 2, 4, 6, 8]),
        (20, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]),
    ],
    ids=["own rate", "half", "double"],
)
def test_a_video_plays_in_real_time_at_any_rate(video: Path, fps: float, shown: list[int]) -> None:
    pictures = islice(open_stream(video, fps, 90)(), len(shown))
    assert [shade(picture) for picture in pictures] == shown


def test_a_video_ends_and_can_be_played_again(video: Path) -> None:
    stream = open_stream(video, 5, 90)
    assert len(list(stream())) == len(list(stream())) == 5


def test_a_folder_is_played_in_name_order_byte_for_byte(tmp_path: Path) -> None:
    for name, body in (("b.jpg", b"second, broken"), ("a.JPG", b"first"), ("notes.txt", b"no")):
        (tmp_path / name).write_bytes(body)
    assert list(open_stream(tmp_path, 5, 90)()) == [b"first", b"second, broken"]


def test_a_single_file_is_sent_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "any.bin").write_bytes(b"whatever")
    assert list(open_stream(tmp_path / "any.bin", 5, 90)()) == [b"whatever"]


@pytest.mark.parametrize("name", ["absent.mp4", "empty-folder", "broken.mp4"])
def test_what_cannot_be_played_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty-folder").mkdir()
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(PictureStreamError, match=name):
        open_stream(tmp_path / name, 5, 90)


@pytest.mark.parametrize("shape", PAYLOAD_FORMATS)
def test_every_shape_carries_the_whole_picture(shape: str) -> None:
    parts = wrap(PICTURE, shape, "gate", START)  # type: ignore[arg-type]  # parametrised
    payload = parts[0][1]
    carried = {
        "raw": lambda: payload,
        "base64": lambda: base64.b64decode(payload, validate=True),
        "data-uri": lambda: base64.b64decode(payload.partition(b"base64,")[2], validate=True),
        "json": lambda: base64.b64decode(json.loads(payload)["image"], validate=True),
        "chunked": lambda: b"".join(body for suffix, body in parts if suffix == "/data"),
    }[shape]()
    assert carried == PICTURE


def test_chunks_begin_with_the_size_and_end() -> None:
    parts = wrap(PICTURE, "chunked", "gate", START)
    assert parts[0] == ("/start", str(len(PICTURE)).encode())
    assert parts[-1] == ("/end", b"")
    assert len(parts) == 6


def test_cameras_take_turns_evenly() -> None:
    pace = PublishTimes(fps=5, cameras=2, started_s=100.0)
    turns = [(round(pace.due_s(), 3), pace.next()) for _ in range(4)]
    assert turns == [(100.0, 0), (100.1, 1), (100.2, 0), (100.3, 1)]


def test_a_picture_an_interval_late_is_left_out() -> None:
    pace = PublishTimes(fps=5, cameras=1, started_s=0.0)
    assert not pace.is_late(0.2)
    assert pace.is_late(0.21)


def test_addresses_are_host_and_port() -> None:
    assert address("broker:1884") == ("broker", 1884)
    assert address("broker") == ("broker", 1883)
    assert address("[::1]:1883") == ("::1", 1883)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--camera", "Bad Id=x.jpg"],
        ["--camera", "a=x.jpg", "--broker", "host:no"],
        ["--camera", "a=x.jpg", "--fps", "0"],
        [],
    ],
)
def test_wrong_usage_ends_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
