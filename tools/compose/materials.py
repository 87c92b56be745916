"""What composed scenes are made of: empty places, walking people, the noise of a real camera.

SHELL. From Debian's package `opencv-doc`, which may be redistributed: the empty scene and the
people of its surveillance recording, and photographs of a street and a house front without people.
Where a folder of footage is given, the empty places of its recordings that may be redistributed
come in addition. Called by the command line and by the evaluation.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from imaging.detections import Image
from tools.compose.cutouts import Cutout, Person, outlined, people
from tools.make_demo_footage.clips import RECORDED_FPS
from tools.make_demo_footage.scene import Field, Scene, empty_scene, noise
from tools.make_demo_footage.video import read_frames

EXAMPLES = Path("/usr/share/doc/opencv-doc/examples/data")
RECORDING = "vtest.avi"
SIZE = (768, 576)
VAN = (
    *((656, 48), (661, 46), (710, 45), (713, 52), (716, 58), (720, 68), (722, 75), (723, 87)),
    *((721, 92), (717, 93), (713, 91), (703, 94), (701, 99), (696, 100), (694, 92), (654, 88)),
    *((652, 75), (653, 63)),
)
"""The outline of the van that is parked in the recording, x and y in its pixels."""
STRIDE = 2
"""Every second frame: 5 frames/s are enough for a walk, in half of the memory."""
NOISES = 6


class MaterialError(Exception):
    """A material is missing; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An empty scene. `far` and `near` are where people's feet can stand, as shares of the height
    from the top; `parked` says that a vehicle stands in it, `open` that people of any height could
    walk there. `vehicles` are those parked, by name: xyxy as shares of the image."""

    image: Image
    far: float
    near: float
    parked: bool = False
    open: bool = True
    vehicles: Mapping[str, tuple[float, float, float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """`vehicle` is one to park where there is none."""

    places: Mapping[str, Place]
    people: tuple[Person, ...]
    noises: tuple[Field, ...]
    vehicle: Cutout

    def place(self, name: str) -> Place:
        """Raises `MaterialError`."""
        if name not in self.places:
            raise MaterialError(
                f"there is no place {name!r}, only {', '.join(sorted(self.places))}; those of the "
                "labelled footage need STILLWATCH_DATA"
            )
        return self.places[name]


@cache
def at_hand() -> Materials:
    """Everything there is on this machine, made once per process; STILLWATCH_DATA names the folder
    of labelled footage. Raises `MaterialError`."""
    named = os.environ.get("STILLWATCH_DATA")
    return load_materials(Path(named) if named else None)


def load_materials(data: Path | None = None, examples: Path = EXAMPLES) -> Materials:
    """Everything there is; `data` is the folder of labelled footage. Raises `MaterialError`."""
    recording = examples / RECORDING
    if not recording.is_file():
        raise MaterialError(f"{recording} is missing: apt-get install opencv-doc")
    frames = read_frames(recording, SIZE, STRIDE)
    scene = empty_scene(frames)
    return Materials(
        places={
            "plaza": Place(
                image=scene.background,
                far=0.30,
                near=0.97,
                parked=True,
                vehicles={"van": (0.85, 0.078, 0.942, 0.175), "car": (0.957, 0.09, 1.0, 0.163)},
            ),
            "street": Place(image=_photo(examples / "leuvenA.jpg"), far=0.64, near=0.97),
            "front": Place(
                image=_photo(examples / "building.jpg"),
                far=0.86,
                near=0.97,
                parked=True,
                open=False,
            ),
            **({} if data is None else _recorded(data)),
        },
        people=people(frames, scene.background, RECORDED_FPS / STRIDE),
        noises=_noises(scene),
        vehicle=outlined(scene.background, VAN),
    )


def _photo(path: Path) -> Image:
    image = cv2.imread(str(path))
    if image is None:
        raise MaterialError(f"{path} is missing: apt-get install opencv-doc")
    return np.asarray(image, np.uint8)


def _recorded(data: Path) -> dict[str, Place]:
    """The empty stretches (frames from and to) of recordings under CC-BY: their median."""
    return {
        "car_park": Place(image=_median(data / "dev/parking_lot", 90, 140), far=0.2, near=0.97),
        "lobby": Place(image=_median(data / "dev/lobby", 0, 28), far=0.62, near=0.97, open=False),
    }


def _median(folder: Path, first: int, last: int) -> Image:
    frames = [_photo(folder / f"{number:05d}.jpg") for number in range(first, last, 4)]
    return np.asarray(np.rint(np.median(np.stack(frames), axis=0)), np.uint8)


def _noises(scene: Scene) -> tuple[Field, ...]:
    step = len(scene.recording) // NOISES
    return tuple(noise(scene, number * step) for number in range(NOISES))
