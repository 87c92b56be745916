"""A camera under watch, on clips that ship and on what may befall it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from edge.config.health import Fault, HealthConfig
from edge.gate.motion import WIDTH_PX
from edge.health.camera_health import CameraHealth, step
from imaging.admission import Header, PictureLimits, inspect
from imaging.decode import decode_grey
from imaging.detections import GreyImage, Image
from tests.unit.edge.health import mishaps

FOOTAGE = Path(__file__).parents[4] / "footage"
LIMITS = PictureLimits(
    max_bytes=8_000_000, max_pixels=9_000_000, min_side_px=16, max_side_px=8192, max_scans=64
)


SETTINGS = HealthConfig()
Mishap = Callable[[Image, int], Image]


def grey(image: Image) -> GreyImage:
    """What the gate sees of an image that a camera has sent as JPEG."""
    picture = cv2.imencode(".jpg", image)[1].tobytes()
    header = inspect(picture, LIMITS)
    assert isinstance(header, Header)
    reduced = decode_grey(picture, header, WIDTH_PX)
    assert isinstance(reduced, np.ndarray)
    return reduced


@cache
def scene(name: str) -> tuple[Image, ...]:
    """A frame per second of a clip that ships, at 320 x 240."""
    video, frames = cv2.VideoCapture(str(FOOTAGE / name)), list[Image]()
    while video.grab():
        if len(frames) * 5 == int(video.get(cv2.CAP_PROP_POS_FRAMES)) - 1:
            small = cv2.resize(video.retrieve()[1], (320, 240), interpolation=cv2.INTER_AREA)
            frames.append(np.asarray(small, np.uint8))
    video.release()
    assert len(frames) >= 40
    return tuple(frames)


@cache
def usual(name: str) -> tuple[GreyImage, ...]:
    """The clip as it is."""
    return tuple(map(grey, scene(name)))


@cache
def befallen(mishap: Mishap, name: str) -> tuple[GreyImage, ...]:
    """A dozen frames of the clip after a mishap, each with noise of its own."""
    return tuple(grey(mishap(frame, n)) for n, frame in enumerate(scene(name)[:36:3]))


def there_and_back(pictures: Sequence[GreyImage], count: int) -> Iterator[GreyImage]:
    """`count` of them, without a jump at the ends and no two alike in a row."""
    loop = [*pictures, *pictures[-2:0:-1]]
    return (loop[n % len(loop)] for n in range(count))


@dataclass
class Watched:
    """A camera under watch, a picture a second unless said otherwise."""

    settings: HealthConfig = SETTINGS
    health: CameraHealth = field(default_factory=CameraHealth)
    now: float = 100.0
    changes: list[tuple[float, tuple[Fault, ...]]] = field(default_factory=list)

    def see(self, pictures: Iterable[GreyImage], every_s: float = 1.0, off_s: float = 0.0) -> None:
        for picture in pictures:
            before = self.health.faults
            self.health = step(self.health, picture, self.now, self.settings, off_s)
            if self.health.faults != before:
                self.changes.append((self.now, self.health.faults))
            self.now += every_s

    def befall(self, mishap: Mishap, name: str, seconds: int) -> None:
        self.see(there_and_back(befallen(mishap, name), seconds))

    def recover(self, name: str, seconds: int) -> None:
        self.see(there_and_back(usual(name), seconds))


@cache
def known(name: str) -> CameraHealth:
    """A camera whose view is known, at 190 s."""
    camera = Watched()
    camera.recover(name, 90)
    assert camera.changes == []
    return camera.health


def settled(name: str, settings: HealthConfig = SETTINGS) -> Watched:
    return Watched(settings, known(name), now=190.0)


MISHAPS: list[tuple[Mishap, Fault]] = [
    (mishaps.black, "dark"),
    (mishaps.blown_out, "blown_out"),
    (mishaps.out_of_focus, "defocused"),
    (mishaps.breathed_upon, "defocused"),
    (mishaps.hand, "covered"),
    (mishaps.shifted, "moved"),
    (mishaps.rotated, "moved"),
    (mishaps.glare, "glare"),
    (mishaps.web, "glare"),
]
