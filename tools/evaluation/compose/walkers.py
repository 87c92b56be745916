"""People who walk through a composed scene: who, how tall, where, how fast, and their boxes.

PURE. A walker comes from one side and crosses the picture, or, if that would take long, turns round
and leaves where they came from; the next one comes when the picture has been empty for a while.
Called by `render`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np

from imaging.detections import Image
from tools.evaluation.compose.cutouts import Cutout, PersonCutouts
from tools.evaluation.compose.materials import Backdrop
from tools.evaluation.compose.paste import brightened, flipped, matching, paste, scaled, shade
from tools.evaluation.compose.recipe import Light, ObjectBox

HEIGHTS_PX = (12, 16, 20, 25, 32, 40, 60, 80, 120)
"""Bounds of the height bands, in pixels of the frame as drawn: steps of a quarter below 40."""
SPEED = (0.6, 1.0)
"""Heights walked per second: 1.0 to 1.7 m/s at 1.7 m tall (Bohannon 1997, comfortable speeds)."""
GAP_S = 9.0
"""Between walkers: tracks end before, so that each is an event of its own."""
LONGEST_S = 13.0
PAST_HEIGHTS_PX = (60, 121)
"""Of those who walk past something: tall enough to be found surely, as far as the picture is."""
_BEFORE_PX = (4.0, 10.0)
"""So much nearer than what they walk past."""
_PAST_PX = 80
IN_VIEW = 0.95
"""Share of the box within the picture from which a frame counts; less is entering or leaving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """One person's walk: `height_px` tall in the frame as drawn, feet at `feet_px` from the top,
    moving `speed_px_s` (to the right if `rightwards`), turning round after `turn_s` if at all."""

    person: PersonCutouts
    height_px: int
    feet_px: float
    rightwards: bool
    speed_px_s: float
    start_s: float
    end_s: float
    turn_s: float | None
    phase: float

    def centre_px(self, at_s: float, width: int) -> float:
        """The middle of the person, in pixels from the left."""
        gone_s = at_s - self.start_s
        if self.turn_s is not None and gone_s > self.turn_s:
            gone_s = 2 * self.turn_s - gone_s
        way = gone_s * self.speed_px_s - self.height_px / 4
        return way if self.rightwards else width - way

    def look(self, at_s: float) -> Cutout:
        """The person at their height, in mid-step, facing where they walk."""
        gone_s = at_s - self.start_s
        frames = self.person.frames
        frame = frames[int(gone_s * self.person.fps + self.phase * len(frames)) % len(frames)]
        back = self.turn_s is not None and gone_s > self.turn_s
        faces = self.rightwards != back
        seen = scaled(frame, self.height_px)
        return seen if faces == self.person.rightwards else flipped(seen)

    def is_there(self, at_s: float) -> bool:
        return self.start_s <= at_s <= self.end_s


def plan(
    people: tuple[PersonCutouts, ...],
    place: Backdrop,
    size: tuple[int, int],
    count: int,
    rng: np.random.Generator,
    hedge_px: float | None = None,
) -> tuple[Walker, ...]:
    """`count` walkers, their heights going round through the bands, one after the other.

    `hedge_px`: the top of a hedge behind which all of them walk, half hidden by it.
    """
    walkers: list[Walker] = []
    free_s = 4.0
    for number in rng.permutation(count):
        band = int(number) % (len(HEIGHTS_PX) - 1)
        height = int(rng.integers(HEIGHTS_PX[band], HEIGHTS_PX[band + 1]))
        walkers.append(_walker(people, place, size, height, free_s, rng, hedge_px))
        free_s = walkers[-1].end_s + GAP_S
    return tuple(walkers)


def past(
    people: tuple[PersonCutouts, ...],
    place: Backdrop,
    size: tuple[int, int],
    spots: Sequence[tuple[float, float]],
    starts_s: Sequence[float],
    rng: np.random.Generator,
) -> tuple[Walker, ...]:
    """One walker at each start, each close before one of the spots (x, y) in turn: from the nearer
    side, and back if the rest of the picture is too far."""
    return tuple(
        _past(_walker(people, place, size, _PAST_PX, start_s, rng, None), size, spot, rng)
        for start_s, spot in zip(starts_s, cycle(spots), strict=False)
    )


def _past(
    walker: Walker, size: tuple[int, int], spot: tuple[float, float], rng: np.random.Generator
) -> Walker:
    feet = min(spot[1] + float(rng.uniform(*_BEFORE_PX)), size[1] - 1.0)
    height = int(min(rng.integers(*PAST_HEIGHTS_PX), feet - 2))
    speed = float(rng.uniform(*SPEED)) * height
    rightwards = spot[0] < size[0] / 2
    reach_s = ((spot[0] if rightwards else size[0] - spot[0]) + 1.25 * height) / speed
    cross_s = (size[0] + height / 2) / speed
    turn_s = None if cross_s <= LONGEST_S else max(LONGEST_S / 2, reach_s)
    return replace(
        walker,
        height_px=height,
        feet_px=feet,
        rightwards=rightwards,
        speed_px_s=speed,
        end_s=walker.start_s + (cross_s if turn_s is None else 2 * turn_s),
        turn_s=turn_s,
    )


def _walker(
    people: tuple[PersonCutouts, ...],
    place: Backdrop,
    size: tuple[int, int],
    height: int,
    start_s: float,
    rng: np.random.Generator,
    hedge_px: float | None,
) -> Walker:
    speed = float(rng.uniform(*SPEED)) * height
    cross_s = (size[0] + height / 2) / speed
    turn_s = None if cross_s <= LONGEST_S else LONGEST_S / 2
    return Walker(
        person=people[int(rng.integers(len(people)))],
        height_px=height,
        feet_px=_feet(place, size, height, rng) if hedge_px is None else hedge_px + height / 2,
        rightwards=bool(rng.integers(2)),
        speed_px_s=speed,
        start_s=start_s,
        end_s=start_s + (cross_s if turn_s is None else 2 * turn_s),
        turn_s=turn_s,
        phase=float(rng.uniform()),
    )


def _feet(place: Backdrop, size: tuple[int, int], height: int, rng: np.random.Generator) -> float:
    """The taller, the nearer: people of a quarter of the picture stand at its lower edge."""
    near = min(1.0, 4 * height / size[1])
    share = place.far + (place.near - place.far) * near + rng.uniform(-0.02, 0.02)
    return float(np.clip(share, place.far, place.near)) * size[1]


def draw(picture: Image, walker: Walker, at_s: float, light: Light) -> None:
    """Lay the walker onto the picture. In infrared cloth looks lighter than it is: most dyes do
    not absorb there."""
    seen = walker.look(at_s)
    x = walker.centre_px(at_s, picture.shape[1])
    factor = matching(picture, x, walker.feet_px, walker.height_px, walker.person.ground)
    seen = brightened(seen, 0.8, 85) if light == "infrared" else brightened(seen, factor)
    shade(picture, x, walker.feet_px - 1, 0.45 * walker.height_px)
    paste(picture, seen, *_corner(walker, seen, x))


def box(
    walker: Walker, at_s: float, size: tuple[int, int], hedge_px: float | None
) -> tuple[ObjectBox, float]:
    """What can be seen of the walker, in the frame as drawn, and the share within the picture."""
    seen = walker.look(at_s)
    left, top = _corner(walker, seen, walker.centre_px(at_s, size[0]))
    h, w = seen.cover.shape
    bottom = top + h if hedge_px is None else min(top + h, hedge_px)
    x0, x1 = max(left, 0), min(left + w, size[0])
    within = max(0.0, (x1 - x0) / w)
    whole = (float(x0), float(max(top, 0)), float(max(x1, x0)), float(min(bottom, size[1])))
    hidden = ObjectBox(
        xyxy=whole,
        height_px=float(walker.height_px),
        visible=within * max(0.0, bottom - top) / h,
        partial=within < IN_VIEW,
    )
    return hidden, within


def _corner(walker: Walker, seen: Cutout, x: float) -> tuple[int, int]:
    h, w = seen.cover.shape
    return round(x - w / 2), round(walker.feet_px) - h
