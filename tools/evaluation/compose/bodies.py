"""Drawn people from the shipped sheets: poses and views that no recording here has.

SHELL. Made by `python -m tools.evaluation.make_bodies`. Someone on a sheet is cut out again by the
sheet's cover; all cut-outs of a sheet are of one scale, so that who crouches is short. Called by
`materials`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tools import CHECKOUT
from tools.evaluation.compose.cutouts import COVERED, Cutout, PersonCutouts

FOLDER = CHECKOUT / "footage" / "bodies"
COLUMNS = 8
"""Phases of two steps."""
TALL_M = 1.72
"""A person's height, from which sheets take their scale."""
GROUND = 125.0
"""The brightness of the ground that the bodies' light suits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """`cell` is width and height of one person; `fps` plays the eight phases at the gait's pace."""

    name: str
    cell: tuple[int, int]
    px_per_m: float
    fps: float
    quality: int = 80

    @property
    def file(self) -> str:
        return f"{self.name}.webp"


SHEETS = (
    Sheet(name="walk", cell=(120, 148), px_per_m=70.0, fps=8.0),
    Sheet(name="run", cell=(152, 148), px_per_m=70.0, fps=11.0),
    Sheet(name="crouch", cell=(128, 128), px_per_m=70.0, fps=6.0),
    Sheet(name="overhead", cell=(200, 160), px_per_m=90.0, fps=8.0),
    Sheet(name="under", cell=(200, 272), px_per_m=140.0, fps=8.0),
)
"""Two steps take 1 s walking, 0.7 s running, 1.3 s crouching."""


class SheetError(Exception):
    """A sheet is missing or of another shape; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Someone drawn; a person of `TALL_M` would be `standing_px` tall at the cut-outs' scale."""

    person: PersonCutouts
    standing_px: float


def figures(name: str, folder: Path = FOLDER) -> tuple[Figure, ...]:
    """Everybody on a sheet; raises `SheetError`."""
    sheet = next(sheet for sheet in SHEETS if sheet.name == name)
    path = folder / sheet.file
    grid = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    width, height = sheet.cell
    if grid is None or grid.ndim != 3 or grid.shape[1:] != (width * COLUMNS, 4):
        raise SheetError(
            f"{path} is no sheet of bodies; python -m tools.evaluation.make_bodies makes it"
        )
    rows = np.split(np.asarray(grid, np.uint8), len(grid) // height)
    return tuple(_figure(np.split(row, COLUMNS, axis=1), sheet) for row in rows)


def _figure(cells: list[npt.NDArray[np.uint8]], sheet: Sheet) -> Figure:
    frames = tuple(_cut(cell) for cell in cells)
    person = PersonCutouts(frames=frames, fps=sheet.fps, rightwards=True, ground=GROUND)
    return Figure(person=person, standing_px=TALL_M * sheet.px_per_m)


def _cut(cell: npt.NDArray[np.uint8]) -> Cutout:
    """Tight to the box."""
    ys, xs = np.nonzero(cell[..., 3] > COVERED)
    tight = cell[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    return Cutout(np.ascontiguousarray(tight[..., :3]), np.ascontiguousarray(tight[..., 3]))
