"""Real vehicles, cut out of footage of fixed cameras along their outlines.

PURE. The van is that of Debian's recording; the cars are from recordings under CC-BY that come with
the labelled footage, seen from a raised camera and from straight above. Called by `materials`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from imaging.detections import Image
from tools.evaluation.compose.cutouts import Cutout, outlined

VAN = (
    *((656, 48), (661, 46), (710, 45), (713, 52), (716, 58), (720, 68), (722, 75), (723, 87)),
    *((721, 92), (717, 93), (713, 91), (703, 94), (701, 99), (696, 100), (694, 92), (654, 88)),
    *((652, 75), (653, 63)),
)
"""The outline of the van that is parked in Debian's recording, x and y in its pixels."""
VAN_TALL = 1.28


DARK, BRIGHT = 70, 150
"""Grey levels: up to the one nothing is paint, from the other on all is."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """`tall` is its height in the picture in heights of a person beside it; `ground` the brightness
    (0..255) of the scene that it was cut from."""

    name: str
    cutout: Cutout
    tall: float
    ground: float

    def is_white(self) -> bool:
        """So that it can have any paint: what is brightest of it has no hue."""
        seen = self.cutout.colour[self.cutout.cover > 200].astype(np.int16)
        light = seen.mean(axis=1)
        paint = seen[light >= np.percentile(light, 60)]
        return bool(np.median(np.ptp(paint, axis=1)) < 18 and np.median(paint) > 150)


@dataclass(frozen=True, slots=True)
class VehicleOutline:
    """Where a car stands in a recording: folder and number of the frame, its height in heights of a
    person beside it, and the outline: `x,y` in pixels, corner after corner."""

    name: str
    folder: str
    frame: int
    tall: float
    outline: str

    def points(self) -> list[tuple[int, int]]:
        corners = (corner.split(",") for corner in self.outline.split())
        return [(int(x), int(y)) for x, y in corners]


# fmt: off
OUTLINES = (
    VehicleOutline(
        "white_rear", "dev/parking_lot", 4, 1.75,
        "210,153 179,154 142,165 129,180 127,196 118,201 118,207 127,208 127,276 130,280 "
        "130,307 139,335 150,347 185,346 221,339 246,330 254,315 254,292 240,231 239,215 "
        "234,203 236,182 231,179 224,162",
    ),
    VehicleOutline(
        "white_turned", "dev/parking_lot", 8, 1.5,
        "72,148 69,189 73,194 80,194 81,201 88,204 105,236 120,253 123,271 140,284 153,286 "
        "177,279 206,267 230,252 232,236 228,220 209,186 178,151 178,134 164,134 156,126 "
        "146,122 124,122 90,134",
    ),
    VehicleOutline(
        "white_side", "dev/parking_lot", 12, 1.3,
        "0,134 0,188 29,192 65,215 79,219 84,227 90,230 90,238 126,242 162,220 186,198 "
        "186,185 178,166 145,139 106,116 103,110 53,110 24,122 7,134",
    ),
    VehicleOutline(
        "green_rear", "dev/parking_lot", 184, 1.75,
        "257,123 217,123 188,128 182,134 181,141 170,158 170,173 155,231 155,287 162,301 "
        "176,305 246,301 259,292 266,281 268,194 273,167 267,135",
    ),
    VehicleOutline(
        "green_turned", "dev/parking_lot", 190, 1.45,
        "87,84 84,104 89,126 99,131 129,165 131,172 143,183 144,192 149,198 183,195 236,169 "
        "238,149 230,141 230,129 220,119 216,110 207,108 181,79 181,72 155,69 152,65 140,65",
    ),
    VehicleOutline(
        "green_side", "dev/parking_lot", 192, 1.25,
        "41,85 38,100 43,114 53,119 57,129 88,146 113,167 124,169 127,179 158,177 209,143 "
        "209,114 202,111 201,103 193,97 186,96 175,85 137,63 135,59 88,60",
    ),
    VehicleOutline(
        "white_above", "field/overhead_cars", 28, 2.1,
        "286,44 278,60 278,76 272,77 272,85 280,86 287,231 296,261 312,267 336,270 367,270 "
        "407,264 420,251 423,232 423,207 404,101 404,84 410,82 410,76 401,75 396,70 392,56 "
        "382,42 366,37 326,34",
    ),
    VehicleOutline(
        "red_above", "field/overhead_cars", 70, 2.2,
        "330,102 323,107 320,139 314,142 314,149 320,151 320,185 324,189 324,227 327,244 "
        "326,311 337,347 344,356 351,359 394,364 428,363 434,359 445,359 449,355 460,354 "
        "470,335 472,310 471,264 467,244 462,240 459,193 451,170 451,152 461,151 461,144 "
        "448,140 447,122 440,109 428,101 401,96 398,93 378,93 375,96 352,96",
    ),
)
# fmt: on


def recorded(read: Callable[[str, int], Image | None]) -> tuple[Vehicle, ...]:
    """The cars of the labelled footage; `read` gives a folder's frame by number, None where the
    footage lacks it."""
    found = ((outline, read(outline.folder, outline.frame)) for outline in OUTLINES)
    return tuple(_vehicle(outline, image) for outline, image in found if image is not None)


def _vehicle(outline: VehicleOutline, picture: Image) -> Vehicle:
    cutout = outlined(picture, outline.points())
    return Vehicle(outline.name, cutout, outline.tall, float(picture.mean()))


def tinted(cutout: Cutout, gains: tuple[float, float, float]) -> Cutout:
    """Another paint: levels of blue, green and red times `gains`; what is dark, as glass and tyres
    are, stays as it is."""
    levels = np.arange(256, dtype=np.float32)
    share = ((levels - DARK) / (BRIGHT - DARK)).clip(0, 1)
    shades = [(levels * (1 + (gain - 1) * share)).clip(0, 255) for gain in gains]
    table = np.stack(shades, axis=-1).astype(np.uint8)
    return Cutout(np.asarray(cv2.LUT(cutout.colour, table[None]), np.uint8), cutout.cover)
