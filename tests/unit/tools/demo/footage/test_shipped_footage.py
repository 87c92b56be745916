"""The clips that ship: small, readable everywhere, attributed, and what their names say."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from tools.demo.footage import clips
from tools.demo.footage.__main__ import MAX_BYTES, SIZE
from tools.demo.footage.video import FootageError, read_frames, write_video
from tools.demo.local.__main__ import SHIPPED

FOOTAGE = Path(__file__).parents[5] / "footage"
SECONDS = {
    "walkers.mp4": sum(part.seconds for part in clips.WALKERS),
    "empty.mp4": clips.EMPTY_S,
    "object.mp4": clips.OBJECT_S,
}


def test_the_clips_together_are_at_most_six_megabytes() -> None:
    assert sum((FOOTAGE / name).stat().st_size for name in SHIPPED.values()) <= MAX_BYTES


@pytest.mark.parametrize("name", SHIPPED.values())
def test_a_clip_plays_at_its_rate_for_as_long_as_promised(name: str) -> None:
    video = cv2.VideoCapture(str(FOOTAGE / name))
    assert video.get(cv2.CAP_PROP_FPS) == clips.FPS
    frames = 0
    while video.grab():
        frames += 1
    width, height = video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT)
    video.release()
    assert (width, height) == SIZE
    assert frames == SECONDS[name] * clips.FPS


@pytest.mark.parametrize("name", SHIPPED.values())
def test_each_clip_is_attributed(name: str) -> None:
    assert f"`{name}`" in (FOOTAGE / "ATTRIBUTION.md").read_text()


def test_what_is_no_video_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "no.avi").write_bytes(b"no video")
    with pytest.raises(FootageError, match=r"no\.avi"):
        read_frames(tmp_path / "no.avi", SIZE)


def test_nothing_to_write_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FootageError, match="no frame"):
        write_video(tmp_path / "a.mp4", iter(()), 5)
