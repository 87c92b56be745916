"""`edge replay --video` and `--report`: all is in them, with boxes where the things are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.replay.annotations import AMBER, RED
from imaging.detections import Image
from tests.pages import Page
from tests.system.replays import RUNTIME, run, written
from tests.system.sites import CHECKOUT, WALKERS, clip

pytestmark = pytest.mark.slow

ACROSS = 960 / 640
"""The shipped footage is 640 px wide, and is shown in 960."""


def frames(path: Path) -> list[Image]:
    """The video read back."""
    capture = cv2.VideoCapture(str(path))
    found = []
    while (read := capture.read())[0]:
        found.append(np.asarray(read[1], np.uint8))
    capture.release()
    return found


def side(colour: tuple[int, int, int], image: Image, box: list[float]) -> NDArray[np.bool_]:
    """By row whether the left side of the box's outline has the colour, give or take what the
    encoder makes of it."""
    x0, y0, _, y1 = (round(value * ACROSS) for value in box)
    outline = image[max(y0, 0) : y1, max(x0 - 2, 0) : x0 + 3].astype(int)
    near = np.abs(outline - np.array(colour)).max(axis=2) < 70
    return np.asarray(near.any(axis=1), np.bool_)


@pytest.mark.parametrize("name", ["shown.mp4", "shown.avi"])
def test_the_video_has_every_frame_and_a_red_box_where_the_alarm_is(
    tmp_path: Path, name: str
) -> None:
    told = run(written(tmp_path, 4), "--video", name, folder=tmp_path)
    assert told.returncode == 0, told.stderr
    *rows, last = [json.loads(line) for line in told.stdout.splitlines()]
    shown = frames(tmp_path / name)
    assert len(shown) == len(rows) == 20
    assert {image.shape for image in shown} == {(904, 960, 3)}  # the words are under the picture
    assert last["summary"]["suspicions"] > 0
    for row, image in zip(rows, shown, strict=True):
        for one in row["suspicions"]:
            red, amber = side(RED, image, one["box"]), side(AMBER, image, one["box"])
            assert red.mean() > 0.6
            assert (amber & ~red).mean() < 0.4  # somebody else's box may stand beside it
    raised = next(n for n, row in enumerate(rows) if row["suspicions"])
    banner = [np.abs(image[3, 900].astype(int) - np.array(RED)).max() < 70 for image in shown]
    assert not any(banner[:raised])
    assert all(banner[raised : raised + 15])  # 3 s at 5 frames/s


def test_the_page_has_every_alarm_and_may_be_written_beside_a_video(tmp_path: Path) -> None:
    options = ("--report", "seen.html", "--video", "seen.avi", "--jsonl", "lines.jsonl")
    told = run(written(tmp_path, 4), *options, folder=tmp_path)
    assert told.returncode == 0, told.stderr
    *rows, last = [json.loads(row) for row in (tmp_path / "lines.jsonl").read_text().splitlines()]
    assert len(frames(tmp_path / "seen.avi")) == len(rows)
    read = Page((tmp_path / "seen.html").read_text("utf-8"))
    alarms = [one for one in read.articles if one.tone == "bad"]
    assert len(alarms) == last["summary"]["suspicions"] > 0
    for one, article in zip(
        (one for row in rows for one in row["suspicions"]), alarms, strict=True
    ):
        assert one["id"] in article.words
        assert all(reason in article.words for reason in one["reasons"])
        assert len(article.pictures) >= 3  # the frame, the scene, a crop
    held = [one for one in read.articles if one.tone == "open"]
    assert held
    assert all("held back in" in one.words and one.pictures for one in held)


def test_tiny_and_changing_and_broken_pictures_are_frames_of_one_size(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "0.jpg").write_bytes(b"no picture")
    for number, jpeg in enumerate(clip(WALKERS, begin_s=8, seconds=1), start=1):
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        wide = 320 if number < 3 else 705
        cv2.imwrite(str(pictures / f"{number}.jpg"), cv2.resize(image, (wide, wide * 3 // 4)))
    (pictures / "9.jpg").write_bytes(b"no picture either")
    told = run(pictures, "--fps", "0.1", "--video", "shown.mp4", folder=tmp_path)
    assert told.returncode == 0, told.stderr
    shown = frames(tmp_path / "shown.mp4")
    assert len(shown) == 7
    assert {image.shape for image in shown} == {(904, 960, 3)}
    assert shown[0][:700].max() < 30
    assert shown[1][:700].max() > 200
    assert shown[0][740:].max() > 150, "the reason is under the dark frame"


def test_nothing_but_broken_pictures_is_a_dark_video(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(3):
        (pictures / f"{number}.jpg").write_bytes(b"no picture")
    told = run(pictures, "--video", "shown.avi", folder=tmp_path)
    assert told.returncode == 0, told.stderr
    assert len(frames(tmp_path / "shown.avi")) == 3


@pytest.mark.parametrize("name", ["shown.mp4", "shown.avi"])
def test_a_video_that_has_no_room_is_said_to_be_cut_short(tmp_path: Path, name: str) -> None:
    footage = written(tmp_path, 2)
    limited = f"ulimit -f 100; exec {sys.executable} -m edge replay {footage} --video {name}"
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT), **RUNTIME}
    ended = subprocess.run(
        ["bash", "-c", limited],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 78
    assert f"{name} holds 0 of 10 frames: is the disk full?" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--video", "shown.gif"), "shown.gif: no encoder for .gif: use .avi, .m4v, .mkv, .mov"),
        (("--video", "shown"), "shown: no encoder for a name without an extension"),
        (("--video", "no/shown.mp4"), "there is no folder no"),
        (("--video", "folder.mp4"), "it is a folder"),
        (("--video", "clip.avi"), "--video clip.avi would overwrite what is played"),
        (("--video", "shown.mp4", "--against", "o.yaml"), "--video shows one configuration"),
        (("--report", "no/seen.html"), "there is no folder no"),
        (("--report", "clip.avi"), "--report clip.avi would overwrite what is played"),
        (("--report", "seen.html", "--against", "o.yaml"), "--report shows one configuration"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_played(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    shutil.copy(WALKERS, tmp_path / "clip.avi")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "o.yaml").write_text("")
    before = (tmp_path / "clip.avi").stat().st_size
    refused = run("clip.avi", *arguments, folder=tmp_path)
    assert (refused.returncode, refused.stdout) == (78, "")
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (tmp_path / "clip.avi").stat().st_size == before
