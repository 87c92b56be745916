"""Which changes of a picture are things?

PURE. Each connected patch of change is judged as a whole, and dropped if it is

- within what is masked: a burned-in clock, say (`auto_mask`);
- a ghost: it keeps still, and its outline is stronger in the background than in the picture, so it
  is the trace of what left (after Cucchiara et al. 2003, PAMI 25(10), who tell ghosts by motion);
- light: hardly a pixel of it has a pattern of its own (headlights, lamps, shadows of clouds), or
  all of it is darker or brighter by one factor (shadows with sharp edges, also of people);
- restless: it changes no more than its pixels always do (leaves, waves);
- brief: nothing was there a moment ago (drops, flakes, insects that dart past).

Called by `motion` for pictures in which something changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.config.gate import Nuisance
from edge.gate.background import FloatImage, GreyImage, Scene, Spots, calm
from edge.gate.illumination import is_even, patterned, ratios

Counts = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
"""One per patch."""

Places = npt.NDArray[np.int64]
"""`(n, 2)` rows and columns."""

Test = Callable[[], Marks]

_CROSS = np.ones((3, 3), np.uint8)
_WITHIN = 0.98
"""Share of a patch: the mask is a cell wider than what changes, so who comes sticks out."""

_REACH = 0.0125
"""Share of the width: beside what was there a moment ago is within this of it."""

_GHOST_STILL = 0.9
_GHOST_OUTLINE = 1.5
"""Nearly all of it keeps still, and the background's outline is clearly the stronger one: somebody
who stands before leaves or bars has an outline in both and must not pass for a ghost."""

_OWN_PATTERN = 0.15
"""Share of a patch. Of a thing as wide as `illumination` averages over, the outline alone is a
sixth."""

_LARGE_PX = 100
"""Pixels: a smaller patch has no core whose light could be even."""

_PIECES_PX = 300
"""Half of what somebody 80 px tall and 30 wide in a 640 px frame covers: with fewer, pieces of a
walker in the dark could pass for evenly lit, with so many they never did."""

_TOGETHER = np.ones((9, 9), np.uint8)
"""Pieces of one shadow lie within 8 pixels of each other."""

_OVERLAP = 0.15
"""Share of a patch that was changed a moment ago already, or lies beside what was. A walker at 1.5
m/s and 5 pictures a second stays within 0.3 m, half his width; a car of 4 m at 15 m/s keeps a
quarter of its length."""

_STRIDE = 0.5
"""Own heights: at 4 m/s and 4.5 pictures a second a runner is 0.9 m further in each, half his
height. Drops and flakes are smaller than what is asked here."""

_SHOWER = 8
_OVERLAP_IN_SHOWER = 0.5
"""With so many brief patches in a picture it rains or snows, and some drop lies beside a former one
by chance; half upon one it hardly ever lies, as somebody does who walks."""

_MOMENT_S = 0.45
"""Pictures further apart than this say nothing about what was there a moment ago."""

_NEARLY_ALL = 0.9
"""Of a patch smaller than the least share that counts: its share may lie in several patches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A picture against its scene: the picture and the lit background in offset grey levels, their
    `residual`, the `limit` of what counts, where it changed (`mask`, 255), pixels that `keep` their
    value since the last picture, and the times of both; `masked` (255) by themselves."""

    scene: Scene
    picture: FloatImage
    lit: FloatImage
    residual: FloatImage
    limit: FloatImage
    mask: GreyImage
    keeps: Spots
    elapsed_s: float
    now: float
    masked: GreyImage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """`mask` is 255 where a thing changed; without one, `why` names what took the last of it away.
    `gone` marks ghosts."""

    mask: GreyImage
    why: Nuisance | None = None
    gone: Spots | None = None


def things(change: Change, ignore: tuple[Nuisance, ...], least_px: float) -> Things:
    """The patches that no test of `ignore` drops; fewer than `least_px` pixels are no thing."""
    patches = _Patches(change, least_px)
    gone, why = None, None
    for nuisance, test in patches.tests():
        if nuisance not in ignore:
            continue
        dropped = patches.drop(test())
        if nuisance == "ghost" and dropped.any():
            gone = patches.spots(dropped) > 0
        if patches.left_px() < least_px:
            why = nuisance
            break
    return Things(mask=patches.spots(patches.alive), why=why, gone=gone)


class _Patches:
    """The connected patches of a change, row 0 for what is none; `alive` are not dropped yet."""

    def __init__(self, change: Change, least_px: float) -> None:
        self._change = change
        count, labels = cv2.connectedComponents(change.mask, connectivity=8)
        self._at = np.flatnonzero(change.mask)
        self._label = np.asarray(labels, np.int32).ravel()[self._at]
        self._count = count
        self._area = self._sum(np.ones(change.mask.shape, np.bool_))
        self._least = np.minimum(least_px, _NEARLY_ALL * self._area)
        self.alive = np.arange(count) > 0

    def tests(self) -> Iterator[tuple[Nuisance, Test]]:
        """In the order in which they are asked: what belongs to the scene first."""
        yield "auto_mask", self._masked
        yield "ghost", self._ghosts
        yield "light", self._lights
        yield "restless", self._restless
        yield "brief", self._brief

    def drop(self, which: Marks) -> Marks:
        """Take these patches out; those that were not out before."""
        dropped = self.alive & which
        self.alive &= ~which
        return dropped

    def spots(self, which: Marks) -> GreyImage:
        """255 where one of these patches is, else 0."""
        found = np.zeros(self._change.mask.shape, np.uint8)
        found.ravel()[self._at] = np.where(which[self._label], np.uint8(255), np.uint8(0))
        return found

    def left_px(self) -> float:
        return float(self._area[self.alive].sum())

    def _sum(self, values: npt.NDArray[np.generic]) -> Counts:
        """Per patch the sum of `(h, w)` values."""
        found = values.ravel()[self._at]
        sums = np.bincount(self._label, weights=found, minlength=self._count)
        return sums.astype(np.float64)

    def _masked(self) -> Marks:
        if self._change.masked is None:
            return np.zeros(self._count, np.bool_)
        found: Marks = self._sum(self._change.masked > 0) >= _WITHIN * self._area
        return found

    def _ghosts(self) -> Marks:
        change = self._change
        still = self._sum(change.keeps) >= _GHOST_STILL * self._area
        if not (still & self.alive).any():
            return still & self.alive
        rim = (change.mask > 0) & (cv2.erode(change.mask, _CROSS) == 0)
        shown, known = (
            self._sum(cv2.morphologyEx(image, cv2.MORPH_GRADIENT, _CROSS) * rim)
            for image in (change.picture, change.lit)
        )
        return still & (known > _GHOST_OUTLINE * shown)

    def _lights(self) -> Marks:
        change = self._change
        own = patterned(change.picture, change.lit, change.limit)
        plain = self._sum(own) < _OWN_PATTERN * self._area
        here = self.alive[self._label]
        if np.count_nonzero(here) < _LARGE_PX:
            return plain
        ratio = ratios(change.picture, change.lit, cv2.boundingRect(change.mask)).ravel()[self._at]
        at = np.column_stack(np.divmod(self._at, change.mask.shape[1]))
        return plain | self._evenly_lit(ratio, at) | self._evenly_lit_pieces(ratio, at, here)

    def _evenly_lit(self, ratio: FloatImage, at: Places) -> Marks:
        """Large patches that light alone explains; `ratio` and places `at` are those of all changed
        pixels."""
        found = np.zeros(self._count, np.bool_)
        core = cv2.erode(self._change.mask, _CROSS, iterations=2).ravel()[self._at] > 0
        for patch in np.flatnonzero(self.alive & (self._area >= _LARGE_PX)):
            of_patch = self._label == patch
            found[patch] = is_even(ratio[of_patch], at[of_patch], core[of_patch])
        return found

    def _evenly_lit_pieces(self, ratio: FloatImage, at: Places, here: Marks) -> Marks:
        """The pieces of shadows that are too faint to be found in one: all that lie together (of
        the pixels `here`, those of living patches) are held against one light, if they are more
        than somebody 80 px tall in a 640 px frame."""
        found = np.zeros(self._count, np.bool_)
        if np.count_nonzero(here) < _PIECES_PX:
            return found
        _, near = cv2.connectedComponents(cv2.dilate(self._change.mask, _TOGETHER), connectivity=8)
        group = np.asarray(near, np.int32).ravel()[self._at]
        sizes = np.bincount(group[here])
        for number in np.flatnonzero(sizes >= _PIECES_PX):
            pieces = here & (group == number)
            if is_even(ratio[pieces], at[pieces], np.ones(int(sizes[number]), np.bool_)):
                found[np.unique(self._label[pieces])] = True
        return found

    def _restless(self) -> Marks:
        change = self._change
        unusual = self._sum(calm(change.scene, change.residual, change.elapsed_s))
        return unusual < np.maximum(_OWN_PATTERN * self._area, self._least)

    def _ran(self, which: Marks) -> Marks:
        """Those of the large patches that may be what was changed a stride away a moment ago."""
        found = np.zeros(self._count, np.bool_)
        earlier, columns = self._change.scene.earlier, self._change.mask.shape[1]
        for patch in np.flatnonzero(which & self.alive & (self._area >= _LARGE_PX)):
            rows, cols = np.divmod(self._at[self._label == patch], columns)
            reach = max(1, round(_STRIDE * (rows.max() + 1 - rows.min())))
            top, left = max(0, rows.min() - reach), max(0, cols.min() - reach)
            around = earlier[top : rows.max() + 1 + reach, left : cols.max() + 1 + reach]
            found[patch] = cv2.countNonZero(around) >= _OVERLAP * self._area[patch]
        return found

    def _brief(self) -> Marks:
        scene = self._change.scene
        if self._change.now - scene.earlier_at_s > _MOMENT_S:
            return np.zeros(self._count, np.bool_)
        side = 1 + 2 * round(_REACH * scene.earlier.shape[1])
        near = cv2.dilate(scene.earlier, np.ones((side, side), np.uint8)) > 0
        before = self._sum(near)
        brief = before < np.maximum(_OVERLAP * self._area, self._least)
        if np.count_nonzero(brief & self.alive) < _SHOWER:
            return brief & ~self._ran(brief)
        return brief | (self._sum(scene.earlier > 0) < _OVERLAP_IN_SHOWER * self._area)
