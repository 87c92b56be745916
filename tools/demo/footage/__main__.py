"""`python -m tools.demo.footage [--recording FILE] [--out DIR]`: the three shipped clips.

The recording is `vtest.avi` of Debian's package `opencv-doc`. Says what it writes and how large it
is; fails if the three together are over the 6 MB that may ship.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2

from imaging.detections import Image
from tools.demo.footage import clips
from tools.demo.footage.scene import EmptyScene, empty_scene
from tools.demo.footage.video import FootageError, read_frames, write_video

RECORDING = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
SIZE = (640, 480)
MAX_BYTES = 6_000_000


def main() -> int:
    options = _options()
    cv2.setNumThreads(1)
    if not options.recording.exists():
        print(f"{options.recording} is missing: apt-get install opencv-doc", file=sys.stderr)
        return 2
    try:
        total = make(options.recording, options.out)
    except FootageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{total} bytes in all, of {MAX_BYTES} that may ship")
    return 0 if total <= MAX_BYTES else 1


def make(recording: Path, folder: Path) -> int:
    """Write the clips into `folder`; returns their bytes."""
    scene = empty_scene(read_frames(recording, SIZE))
    folder.mkdir(parents=True, exist_ok=True)
    return sum(_write(folder / f"{name}.mp4", frames) for name, frames in _clips(scene).items())


def _clips(scene: EmptyScene) -> dict[str, Iterator[Image]]:
    return {
        "walkers": clips.walkers(scene),
        "empty": clips.empty(scene),
        "object": clips.rolling(scene),
    }


def _write(path: Path, frames: Iterator[Image]) -> int:
    count = write_video(path, frames, clips.FPS)
    size = path.stat().st_size
    print(f"{path}: {count} frames, {size} bytes")
    return size


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.demo.footage")
    parser.add_argument("--recording", type=Path, default=RECORDING, help="the real recording")
    parser.add_argument("--out", type=Path, default=Path("footage"), help="folder of the clips")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
