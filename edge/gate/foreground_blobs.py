"""Which foreground blobs are objects?

PURE. Each connected blob of change is classified as a whole, and dropped if it is

- within what is masked: a burned-in clock, say (`auto_mask`);
- a ghost: it keeps still, and its outline is stronger in the background than in the picture, so it
  is the trace of what left (after Cucchiara et al. 2003, PAMI 25(10), who tell ghosts by motion);
- light: hardly a pixel of it has a pattern of its own (headlights, lamps, shadows of clouds), or
  all of it is darker or brighter by one factor (shadows with sharp edges, also of people);
- dynamic_background: it changes no more than its pixels always do (leaves, waves);
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
from edge.gate.background import BackgroundModel, PixelMask, exceeds_flicker
from edge.gate.illumination import is_even, patterned, ratios
from imaging.detections import FloatImage, GreyImage

BlobSums = npt.NDArray[np.float64]
BlobFlags = npt.NDArray[np.bool_]
"""One per blob."""

Indices = npt.NDArray[np.int64]
"""`(n, 2)` rows and columns."""

BlobTest = Callable[[], BlobFlags]

_CROSS = np.ones((3, 3), np.uint8)
_WITHIN = 0.98
"""Share of a blob: the mask is a cell wider than what changes, so who comes sticks out."""

_REACH = 0.0125
"""Share of the width: beside what was there a moment ago is within this of it."""

_GHOST_STILL = 0.9
_GHOST_OUTLINE = 1.5
"""Nearly all of it keeps still, and the background's outline is clearly the stronger one: somebody
who stands before leaves or bars has an outline in both and must not pass for a ghost."""

_OWN_PATTERN = 0.15
"""Share of a blob. Of an object as wide as `illumination` averages over, the outline alone is a
sixth."""

_LARGE_PX = 100
"""Pixels: a smaller blob has no core whose light could be even."""

_PIECES_PX = 300
"""Half of what somebody 80 px tall and 30 wide in a 640 px frame covers: with fewer, pieces of a
walker in the dark could pass for evenly lit, with so many they never did."""

_TOGETHER = np.ones((9, 9), np.uint8)
"""Pieces of one shadow lie within 8 pixels of each other."""

_OVERLAP = 0.15
"""Share of a blob that was changed a moment ago already, or lies beside what was. A walker at 1.5
m/s and 5 pictures a second stays within 0.3 m, half his width; a car of 4 m at 15 m/s keeps a
quarter of its length."""

_STRIDE = 0.5
"""Own heights: at 4 m/s and 4.5 pictures a second a runner is 0.9 m further in each, half his
height. Drops and flakes are smaller than what is asked here."""

_SHOWER = 8
_OVERLAP_IN_SHOWER = 0.5
"""With so many brief blobs in a picture it rains or snows, and some drop lies beside a former one
by chance; half upon one it hardly ever lies, as somebody does who walks."""

_MOMENT_S = 0.45
"""Pictures further apart than this say nothing about what was there a moment ago."""

_NEARLY_ALL = 0.9
"""Of a blob smaller than the least share that counts: its share may lie in several blobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameDifference:
    """A picture against the background `model`: the picture and the lit background in offset grey
    levels, their `residual`, the `limit` of what counts, where it changed (`mask`, 255), pixels
    that are `stable` since the last picture, and the times of both; `masked` (255) by
    themselves."""

    model: BackgroundModel
    picture: FloatImage
    lit: FloatImage
    residual: FloatImage
    limit: FloatImage
    mask: GreyImage
    stable: PixelMask
    elapsed_s: float
    now: float
    masked: GreyImage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForegroundBlobs:
    """`mask` is 255 where an object changed the picture; without one, `why` names what took the
    last blob away. `ghosts` are the traces of what left."""

    mask: GreyImage
    why: Nuisance | None = None
    ghosts: PixelMask | None = None


def foreground_blobs(
    difference: FrameDifference, ignore: tuple[Nuisance, ...], least_px: float
) -> ForegroundBlobs:
    """The blobs that no test of `ignore` drops; fewer than `least_px` pixels are no object."""
    blobs = _Blobs(difference, least_px)
    ghosts, why = None, None
    for nuisance, test in blobs.tests():
        if nuisance not in ignore:
            continue
        dropped = blobs.drop(test())
        if nuisance == "ghost" and dropped.any():
            ghosts = blobs.mask_of(dropped) > 0
        if blobs.left_px() < least_px:
            why = nuisance
            break
    return ForegroundBlobs(mask=blobs.mask_of(blobs.alive), why=why, ghosts=ghosts)


class _Blobs:
    """The connected blobs of a difference, row 0 for what is none; `alive` are not dropped yet."""

    def __init__(self, difference: FrameDifference, least_px: float) -> None:
        self._difference = difference
        count, labels = cv2.connectedComponents(difference.mask, connectivity=8)
        self._at = np.flatnonzero(difference.mask)
        self._label = np.asarray(labels, np.int32).ravel()[self._at]
        self._count = count
        self._area = self._sum(np.ones(difference.mask.shape, np.bool_))
        self._least = np.minimum(least_px, _NEARLY_ALL * self._area)
        self.alive = np.arange(count) > 0

    def tests(self) -> Iterator[tuple[Nuisance, BlobTest]]:
        """In the order in which they are asked: what belongs to the scene first."""
        yield "auto_mask", self._masked
        yield "ghost", self._ghosts
        yield "light", self._illumination
        yield "dynamic_background", self._flickering
        yield "brief", self._transient

    def drop(self, which: BlobFlags) -> BlobFlags:
        """Take these blobs out; those that were not out before."""
        dropped = self.alive & which
        self.alive &= ~which
        return dropped

    def mask_of(self, which: BlobFlags) -> GreyImage:
        """255 where one of these blobs is, else 0."""
        found = np.zeros(self._difference.mask.shape, np.uint8)
        found.ravel()[self._at] = np.where(which[self._label], np.uint8(255), np.uint8(0))
        return found

    def left_px(self) -> float:
        return float(self._area[self.alive].sum())

    def _sum(self, values: npt.NDArray[np.generic]) -> BlobSums:
        """Per blob the sum of `(h, w)` values."""
        found = values.ravel()[self._at]
        sums = np.bincount(self._label, weights=found, minlength=self._count)
        return sums.astype(np.float64)

    def _masked(self) -> BlobFlags:
        if self._difference.masked is None:
            return np.zeros(self._count, np.bool_)
        found: BlobFlags = self._sum(self._difference.masked > 0) >= _WITHIN * self._area
        return found

    def _ghosts(self) -> BlobFlags:
        difference = self._difference
        still = self._sum(difference.stable) >= _GHOST_STILL * self._area
        if not (still & self.alive).any():
            return still & self.alive
        rim = (difference.mask > 0) & (cv2.erode(difference.mask, _CROSS) == 0)
        shown, known = (
            self._sum(cv2.morphologyEx(image, cv2.MORPH_GRADIENT, _CROSS) * rim)
            for image in (difference.picture, difference.lit)
        )
        return still & (known > _GHOST_OUTLINE * shown)

    def _illumination(self) -> BlobFlags:
        difference = self._difference
        own = patterned(difference.picture, difference.lit, difference.limit)
        plain = self._sum(own) < _OWN_PATTERN * self._area
        here = self.alive[self._label]
        if np.count_nonzero(here) < _LARGE_PX:
            return plain
        ratio = ratios(
            difference.picture, difference.lit, cv2.boundingRect(difference.mask)
        ).ravel()[self._at]
        at = np.column_stack(np.divmod(self._at, difference.mask.shape[1]))
        return plain | self._evenly_lit(ratio, at) | self._evenly_lit_pieces(ratio, at, here)

    def _evenly_lit(self, ratio: FloatImage, at: Indices) -> BlobFlags:
        """Large blobs that light alone explains; `ratio` and places `at` are those of all changed
        pixels."""
        found = np.zeros(self._count, np.bool_)
        core = cv2.erode(self._difference.mask, _CROSS, iterations=2).ravel()[self._at] > 0
        for blob in np.flatnonzero(self.alive & (self._area >= _LARGE_PX)):
            of_blob = self._label == blob
            found[blob] = is_even(ratio[of_blob], at[of_blob], core[of_blob])
        return found

    def _evenly_lit_pieces(self, ratio: FloatImage, at: Indices, here: BlobFlags) -> BlobFlags:
        """The pieces of shadows that are too faint to be found in one: all that lie together (of
        the pixels `here`, those of living blobs) are held against one light, if they are more
        than somebody 80 px tall in a 640 px frame."""
        found = np.zeros(self._count, np.bool_)
        if np.count_nonzero(here) < _PIECES_PX:
            return found
        _, near = cv2.connectedComponents(
            cv2.dilate(self._difference.mask, _TOGETHER), connectivity=8
        )
        group = np.asarray(near, np.int32).ravel()[self._at]
        sizes = np.bincount(group[here])
        for number in np.flatnonzero(sizes >= _PIECES_PX):
            pieces = here & (group == number)
            if is_even(ratio[pieces], at[pieces], np.ones(int(sizes[number]), np.bool_)):
                found[np.unique(self._label[pieces])] = True
        return found

    def _flickering(self) -> BlobFlags:
        difference = self._difference
        unusual = self._sum(
            exceeds_flicker(difference.model, difference.residual, difference.elapsed_s)
        )
        return unusual < np.maximum(_OWN_PATTERN * self._area, self._least)

    def _moved_on(self, which: BlobFlags) -> BlobFlags:
        """Those of the large blobs that may be what was changed a stride away a moment ago."""
        found = np.zeros(self._count, np.bool_)
        earlier, columns = self._difference.model.earlier, self._difference.mask.shape[1]
        for blob in np.flatnonzero(which & self.alive & (self._area >= _LARGE_PX)):
            rows, cols = np.divmod(self._at[self._label == blob], columns)
            reach = max(1, round(_STRIDE * (rows.max() + 1 - rows.min())))
            top, left = max(0, rows.min() - reach), max(0, cols.min() - reach)
            around = earlier[top : rows.max() + 1 + reach, left : cols.max() + 1 + reach]
            found[blob] = cv2.countNonZero(around) >= _OVERLAP * self._area[blob]
        return found

    def _transient(self) -> BlobFlags:
        model = self._difference.model
        if self._difference.now - model.earlier_at_s > _MOMENT_S:
            return np.zeros(self._count, np.bool_)
        side = 1 + 2 * round(_REACH * model.earlier.shape[1])
        near = cv2.dilate(model.earlier, np.ones((side, side), np.uint8)) > 0
        before = self._sum(near)
        transient = before < np.maximum(_OVERLAP * self._area, self._least)
        if np.count_nonzero(transient & self.alive) < _SHOWER:
            return transient & ~self._moved_on(transient)
        return transient | (self._sum(model.earlier > 0) < _OVERLAP_IN_SHOWER * self._area)
