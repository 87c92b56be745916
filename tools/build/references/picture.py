"""`python -m tools.build.references.picture`: zones and masks over a frame of the footage.

Draws `docs/pictures/zones.jpg` with the replay's own drawing and the configuration beside it.
Another processor gives slightly other scores, and so other marks: a test holds the frame and its
places, not the marks.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from contract.ids import CameraId
from edge.config.load import load
from edge.detect.networks import open_detectors
from edge.replay.overlay import Overlay
from edge.replay.player import open_source, play
from imaging.detections import Image
from service.documents import ROOT

CONFIGURATION = ROOT / "docs/pictures/zones.yaml"
PICTURE = CONFIGURATION.with_suffix(".jpg")
FOOTAGE = ROOT / "footage/walkers.mp4"
CAMERA = CameraId("yard")
FRAME = 60
"""People on the path, inside of the zone and outside."""

_FPS = 5.0
_WIDE = (900, 900)
_QUALITY = 70
"""Some 90 kB; letters stay readable."""


def drawn() -> Image:
    """The frame as the replay draws it."""
    config = load(CONFIGURATION, {}).config
    detector = open_detectors(config)[0]
    overlay = Overlay(config.cameras[CAMERA])
    for number, step in enumerate(play(open_source(FOOTAGE), config, CAMERA, _FPS, detector)):
        overlay.add(step)
        if number == FRAME:
            picture = overlay.picture(step, _WIDE)
            if picture is not None:
                return picture
    raise ValueError(f"{FOOTAGE} has no frame {FRAME}")


def places(shape: tuple[int, ...]) -> Image:
    """Zones, lines and masks alone, over black of that `shape`, (height, width, 3)."""
    shown = np.zeros(shape, np.uint8)
    Overlay(load(CONFIGURATION, {}).config.cameras[CAMERA]).draw_places(shown)
    return shown


def write(path: Path = PICTURE) -> None:
    """As a JPEG."""
    _, jpeg = cv2.imencode(".jpg", drawn(), (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))
    path.write_bytes(jpeg.tobytes())
    sys.stdout.write(f"written: {path} ({path.stat().st_size} bytes)\n")


if __name__ == "__main__":
    write()
