"""Things and people of a scene in their order from far to near: drawing them, and what of each can
be seen.

PURE. Boxes are xyxy in pixels of the frame as drawn. An actor says for any instant what it looks
like and where; what stands nearer hides what is behind it. Called by `render`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from imaging.detections import Image
from tools.evaluation.compose.cutouts import COVERED, Cutout
from tools.evaluation.compose.paste import brightened, matching, paste, shade
from tools.evaluation.compose.recipe import Light, ObjectBox
from tools.evaluation.compose.standing import PlacedObject

WITHIN = 0.95
"""Share of a thing within the picture from which it is all there; less is entering or leaving."""
PLAIN = 0.25
"""Share of a thing that must be seen to be scored: less of a person is a head over a roof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorInFrame:
    """An actor in one frame. `label` is empty for what belongs to something else; `foot_px` is how
    near it is: its lower edge, or that of what it belongs to; `ground` the brightness that it was
    cut from; `tall_px` the whole thing's height."""

    label: str
    cutout: Cutout
    left: int
    top: int
    foot_px: float
    moving: bool
    ground: float
    tall_px: float
    shadow_px: float = 0.0

    def box(self) -> tuple[float, float, float, float]:
        """All of it, whether in the picture or not."""
        h, w = self.cutout.cover.shape
        return float(self.left), float(self.top), float(self.left + w), float(self.top + h)


class Actor(Protocol):
    """Someone or something that may be in the scene."""

    def part(self, at_s: float) -> ActorInFrame | None:
        """What it looks like then; None while it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The actors, the times (s) between which they do something, and what of them stands there for
    long and looks like a threat. `whole` is the share within the picture from which someone is
    scored."""

    actors: tuple[Actor, ...]
    spans: tuple[tuple[float, float], ...]
    standing: tuple[PlacedObject, ...] = ()
    whole: float = WITHIN

    def parts(self, at_s: float) -> list[ActorInFrame]:
        """From far to near."""
        there = [part for actor in self.actors if (part := actor.part(at_s)) is not None]
        return sorted(there, key=lambda part: part.foot_px)

    def draw(self, picture: Image, ground: Image, at_s: float, light: Light) -> None:
        """Lay everybody onto the picture; `ground` is the empty place, whose brightness they
        match."""
        for part in self.parts(at_s):
            _draw(picture, ground, part, light)

    def boxes(self, at_s: float, size: tuple[int, int]) -> tuple[ObjectBox, ...]:
        """What moves, and every person: the box of what can be seen, `partial` where that is too
        little, or too much of it is beyond the border."""
        parts = self.parts(at_s)
        found = (
            seen(part, parts[number + 1 :], size, self.whole)
            for number, part in enumerate(parts)
            if part.label and (part.moving or part.label == "person")
        )
        return tuple(box for box in found if box is not None)


def _draw(picture: Image, ground: Image, part: ActorInFrame, light: Light) -> None:
    h, w = part.cutout.cover.shape
    x, foot = part.left + w / 2, part.top + h
    if part.shadow_px:
        shade(picture, x, foot - 1, part.shadow_px)
    thing = part.cutout
    if light == "infrared" and part.label == "person":
        thing = brightened(thing, 0.8, 85)
    else:
        thing = brightened(thing, matching(ground, x, foot, max(2, h), part.ground))
    paste(picture, thing, part.left, part.top)


def seen(
    part: ActorInFrame, nearer: Sequence[ActorInFrame], size: tuple[int, int], whole: float
) -> ObjectBox | None:
    """What of the part neither the border nor anything nearer hides; None if nothing is."""
    cover = part.cutout.cover > COVERED
    inside = _inside(part, size)
    open_ = cover & inside
    for other in nearer:
        _hide(open_, part, other)
    if not open_.any():
        return None
    ys, xs = np.nonzero(open_)
    within, visible = (float(mask.sum()) / float(cover.sum()) for mask in (cover & inside, open_))
    return ObjectBox(
        label=part.label,
        xyxy=(
            float(part.left + xs.min()),
            float(part.top + ys.min()),
            float(part.left + xs.max() + 1),
            float(part.top + ys.max() + 1),
        ),
        height_px=part.tall_px,
        visible=visible,
        partial=within < whole or visible < PLAIN,
    )


def _inside(part: ActorInFrame, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    h, w = part.cutout.cover.shape
    rows, columns = part.top + np.arange(h), part.left + np.arange(w)
    in_rows, in_columns = (rows >= 0) & (rows < size[1]), (columns >= 0) & (columns < size[0])
    return np.asarray(in_rows[:, None] & in_columns[None, :])


def _hide(open_: npt.NDArray[np.bool_], part: ActorInFrame, other: ActorInFrame) -> None:
    """Take from `open_` what the other part lies over."""
    h, w = open_.shape
    oh, ow = other.cutout.cover.shape
    x0, y0 = max(0, other.left - part.left), max(0, other.top - part.top)
    x1, y1 = min(w, other.left - part.left + ow), min(h, other.top - part.top + oh)
    if x0 >= x1 or y0 >= y1:
        return
    left, top = part.left - other.left, part.top - other.top
    over = other.cutout.cover[top + y0 : top + y1, left + x0 : left + x1] > COVERED
    open_[y0:y1, x0:x1] &= ~over
