"""What composed scenes are made of: empty places, walking people, the noise of a real camera.

SHELL. From Debian's package `opencv-doc`, which may be redistributed: the empty scene and the
people of its surveillance recording, and photographs of a street and a house front without people.
Where a folder of footage is given, the empty places of its recordings that may be redistributed
come in addition. Called by the command line and by the evaluation.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from imaging.detections import Image
from tools.demo.footage.clips import RECORDED_FPS
from tools.demo.footage.scene import EmptyScene, PixelField, empty_scene, noise
from tools.demo.footage.video import read_frames
from tools.evaluation.compose.bodies import SHEETS, Figure, SheetError, figures
from tools.evaluation.compose.cutouts import Cutout, PersonCutouts, outlined, people
from tools.evaluation.compose.exposure import NOISES
from tools.evaluation.compose.vehicles import VAN, VAN_TALL, Vehicle, recorded

EXAMPLES = Path("/usr/share/doc/opencv-doc/examples/data")
RECORDING = "vtest.avi"
SIZE = (768, 576)
COBBLES = ((215, 470), (470, 470), (585, 560), (60, 560))
"""Corners of open ground in the photograph of the street, from the left upper one clockwise."""
OVERHEAD = "field/overhead_cars"
ASPHALT = (40, 44, 48, 52, 82, 86, 90, 94, 98, 102)
"""Frames of the overhead recording in which nothing drives."""
STRIDE = 2
"""Every second frame: 5 frames/s are enough for a walk, in half of the memory."""


class MaterialError(Exception):
    """A material is missing; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
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
    """`vehicles` are to park where there are none, the first of them a van; `above` are places seen
    from straight above, `figures` the drawn people by sheet."""

    places: Mapping[str, Backdrop]
    people: tuple[PersonCutouts, ...]
    noises: tuple[PixelField, ...]
    vehicles: tuple[Vehicle, ...]
    above: Mapping[str, Backdrop] = field(default_factory=dict)
    figures: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)

    @property
    def vehicle(self) -> Cutout:
        """The van."""
        return self.vehicles[0].cutout

    def parked(self, names: Sequence[str]) -> tuple[Vehicle, ...]:
        """The vehicles of these names; raises `MaterialError`."""
        known = {vehicle.name: vehicle for vehicle in self.vehicles}
        missing = [name for name in names if name not in known]
        if missing:
            raise MaterialError(
                f"there is no vehicle {missing[0]!r}, only {', '.join(sorted(known))}; those of "
                "the labelled footage need STILLWATCH_DATA"
            )
        return tuple(known[name] for name in names)

    def place(self, name: str) -> Backdrop:
        """Raises `MaterialError`."""
        known = {**self.places, **self.above}
        if name not in known:
            raise MaterialError(
                f"there is no place {name!r}, only {', '.join(sorted(self.places))}; those of the "
                "labelled footage need STILLWATCH_DATA"
            )
        return known[name]


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
            "plaza": Backdrop(
                image=scene.background,
                far=0.30,
                near=0.97,
                parked=True,
                vehicles={"van": (0.85, 0.078, 0.942, 0.175), "car": (0.957, 0.09, 1.0, 0.163)},
            ),
            "street": Backdrop(image=_photo(examples / "leuvenA.jpg"), far=0.64, near=0.97),
            "front": Backdrop(
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
        vehicles=_vehicles(scene.background, data),
        above=_above(examples, data),
        figures=_figures(),
    )


def _vehicles(plaza: Image, data: Path | None) -> tuple[Vehicle, ...]:
    van = Vehicle("van", outlined(plaza, VAN), VAN_TALL, float(plaza.mean()))
    if data is None:
        return (van,)

    def read(folder: str, number: int) -> Image | None:
        file = data / folder / f"{number:05d}.jpg"
        return _photo(file) if file.is_file() else None

    return van, *recorded(read)


def _figures() -> dict[str, tuple[Figure, ...]]:
    try:
        return {sheet.name: figures(sheet.name) for sheet in SHEETS}
    except SheetError as error:
        raise MaterialError(str(error)) from error


def _above(examples: Path, data: Path | None) -> dict[str, Backdrop]:
    """The street's cobbles, seen as if from straight above, and asphalt that was."""
    cobbles = Backdrop(image=_from_above(_photo(examples / "leuvenA.jpg")), far=0.0, near=1.0)
    if data is None or not (data / OVERHEAD).is_dir():
        return {"cobbles": cobbles}
    frames = [_photo(data / OVERHEAD / f"{n:05d}.jpg") for n in ASPHALT]
    asphalt = np.asarray(np.rint(np.median(np.stack(frames), axis=0)), np.uint8)
    return {"cobbles": cobbles, "asphalt": Backdrop(image=asphalt, far=0.0, near=1.0)}


def _from_above(street: Image) -> Image:
    """The camera's tilt taken out of a trapezium of the ground."""
    seen = np.array(COBBLES, np.float32)
    flat = np.array([(0, 0), (639, 0), (639, 479), (0, 479)], np.float32)
    turn = cv2.getPerspectiveTransform(seen, flat)
    return np.asarray(
        cv2.warpPerspective(street, turn, (640, 480), flags=cv2.INTER_CUBIC), np.uint8
    )


def _photo(path: Path) -> Image:
    image = cv2.imread(str(path))
    if image is None:
        raise MaterialError(f"{path} is missing: apt-get install opencv-doc")
    return np.asarray(image, np.uint8)


def _recorded(data: Path) -> dict[str, Backdrop]:
    """The empty stretches (frames from and to) of recordings under CC-BY: their median."""
    return {
        "car_park": Backdrop(image=_median(data / "dev/parking_lot", 90, 140), far=0.2, near=0.97),
        "lobby": Backdrop(
            image=_median(data / "dev/lobby", 0, 28), far=0.62, near=0.97, open=False
        ),
    }


def _median(folder: Path, first: int, last: int) -> Image:
    frames = [_photo(folder / f"{number:05d}.jpg") for number in range(first, last, 4)]
    return np.asarray(np.rint(np.median(np.stack(frames), axis=0)), np.uint8)


def _noises(scene: EmptyScene) -> tuple[PixelField, ...]:
    step = len(scene.recording) // NOISES
    return tuple(noise(scene, number * step) for number in range(NOISES))
