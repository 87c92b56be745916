"""The motion gate: does anything move that deserves the detector?

PURE. Works on a small grey picture (reduced-scale decode) against what `background` remembers of
the empty scene, lit as the picture is (`illumination`). A pixel has changed when it differs by more
than its own noise plus `min_diff`; what changed is taken back where the camera shook
(`stabilisation`) and judged patch by patch (`foreground_blobs`). The caller keeps one `GateState`
per camera. OpenCV does the arithmetic, single-threaded; a still scene pays for the comparison only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import numpy.typing as npt

from edge.config.schema import Gate
from edge.gate import auto_mask, background, cells, motion_masks
from edge.gate.auto_mask import AutoMask
from edge.gate.background import FloatImage, Lesson, Scene, Spots
from edge.gate.cells import Cells
from edge.gate.foreground_blobs import Change, Things, things
from edge.gate.illumination import BLACK, WHITE, gains
from edge.gate.motion_masks import Unwatched
from edge.gate.stabilisation import Steadied, steady
from edge.records import Box, Motion

GreyImage = npt.NDArray[np.uint8]

WIDTH_PX = 320
"""Gate pictures are at least this wide: a person of 16 px in a 640 px frame still covers 8 by 3,
which is what opening leaves. Of walkers of 20 to 40 px half as many pass at half the width."""

_BLUR = (3, 3)
"""Against noise; wider, and somebody 16 px tall in a 640 px frame, 3 px wide here, is gone."""

_OPEN = np.ones((3, 3), np.uint8)

SPREAD_CELLS = 6
"""Regions reach so many pixels of the grey picture beyond what changed, so that parts of one thing
join."""
_JOIN = np.ones((2 * SPREAD_CELLS + 1, 2 * SPREAD_CELLS + 1), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateState:
    """What the gate remembers of one camera; times are monotonic seconds."""

    scene: Scene | None = None
    seen_at_s: float = 0.0
    moved_at_s: float = float("-inf")
    looked_at_s: float = float("-inf")
    auto: AutoMask = field(default_factory=AutoMask)


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """A picture held against its scene: `seen` as it came, `picture` in offset grey levels and
    steadied by `shift`, the background `lit` likewise, by `gain`; `mask` is 255 where they differ
    by more than `limit`."""

    seen: GreyImage
    picture: FloatImage
    lit: FloatImage
    gain: FloatImage
    residual: FloatImage
    limit: FloatImage
    mask: GreyImage
    shift: Steadied | None = None

    @property
    def changed_px(self) -> int:
        return cv2.countNonZero(self.mask)


def off() -> Motion:
    """The verdict of a gate that is switched off: every frame deserves a look."""
    return Motion(moved=True, why="off", regions=(), share=1.0)


def heed(state: GateState, found: Iterable[Box], size: tuple[int, int]) -> GateState:
    """After a look: `found` are boxes of people and of what moves, in pixels of a frame of
    `size`."""
    return replace(state, auto=auto_mask.found(state.auto, found, size))


def look(
    state: GateState,
    grey: GreyImage,
    size: tuple[int, int],
    now: float,
    settings: Gate,
    masks: tuple[Unwatched, ...] = (),
    *,
    followed: bool = True,
) -> tuple[GateState, Motion]:
    """Judge one picture and learn from it.

    `grey` is `(h, w) uint8`; `size` is the original frame's width and height in pixels, in which
    the regions are given; in `masks` nothing changes. `followed` is whether something was found
    where it moved and is still followed: without, there is nothing to linger for.
    """
    seen = np.asarray(cv2.GaussianBlur(grey, _BLUR, 0), np.uint8)
    known = state.scene
    if known is None or known.background.shape != seen.shape:
        return _begin(seen, now, "first_look", state.auto)
    first = _view(known, seen, settings, masks)
    least_px = max(1.0, settings.min_share * seen.size)
    view = first
    if first.changed_px >= least_px and "shake" in settings.ignore:
        view = _steadied(first, masks)
    if view.changed_px > settings.light_share * seen.size:
        return _begin(seen, now, "light_change", state.auto)
    elapsed_s = max(now - state.seen_at_s, 1e-3)
    masked = None if followed else state.auto.mask(now)
    found, why = _things(known, view, masked, least_px, elapsed_s, now, settings)
    if first.changed_px < least_px:
        why = "still"
    lesson = _lesson(_taught(first, view), found.gone, elapsed_s)
    learned = background.learn(known, lesson, now, settings.min_diff, settings.background_s)
    mask = _in_frame(found.mask, view.shift)
    regions = _regions(mask, size) if why is None else ()
    masks_itself = "auto_mask" in settings.ignore
    auto = state.auto if masks_itself else AutoMask()
    if masks_itself and not followed:  # what changes beside somebody is his shadow, or a door
        auto = auto_mask.learn(auto, _in_frame(view.mask, view.shift), elapsed_s)
    if why is None:
        auto = auto_mask.lift(auto, mask, now)
    share = first.changed_px / seen.size
    seen_now = Motion(moved=False, why=why or "motion", regions=regions, share=share, mask=mask)
    faint = cv2.countNonZero(mask) < settings.faint_share * seen.size
    pace = _Pace(
        moving_s=settings.faint_every_s if faint and not followed else 0.0,
        linger_s=settings.linger_s if followed else 0.0,
        still_s=settings.full_look_s,
    )
    return _decide(replace(state, scene=learned, seen_at_s=now, auto=auto), seen_now, now, pace)


def _begin(seen: GreyImage, now: float, why: str, auto: AutoMask) -> tuple[GateState, Motion]:
    fresh = background.begin(seen, seen.astype(np.float32) + np.float32(BLACK))
    state = GateState(scene=fresh, seen_at_s=now, moved_at_s=now, looked_at_s=now, auto=auto)
    return state, Motion(moved=True, why=why, regions=(), share=1.0)


def _view(known: Scene, seen: GreyImage, settings: Gate, masks: tuple[Unwatched, ...]) -> _View:
    picture = seen.astype(np.float32) + np.float32(BLACK)
    gain = gains(picture, known.background)
    lit: FloatImage = np.minimum(known.background * gain, np.float32(WHITE))
    limit = background.limit(known, lit, settings.min_diff)
    residual = np.asarray(cv2.absdiff(picture, lit), np.float32)
    return _View(
        seen=seen,
        picture=picture,
        lit=lit,
        gain=gain,
        residual=residual,
        limit=limit,
        mask=motion_masks.blank(_changed(residual, limit), masks),
    )


def _changed(residual: FloatImage, limit: FloatImage) -> GreyImage:
    """255 where a pixel and its neighbours differ; single ones are noise."""
    over = cv2.compare(residual, limit, cv2.CMP_GT)
    return np.asarray(cv2.morphologyEx(over, cv2.MORPH_OPEN, _OPEN), np.uint8)


def _steadied(view: _View, masks: tuple[Unwatched, ...]) -> _View:
    """The view as if the camera had not moved, if that is what changed it."""
    shift = steady(view.picture, view.lit, view.mask)
    if shift is None:
        return view
    inner = np.s_[shift.margin : -shift.margin, shift.margin : -shift.margin]
    residual = np.zeros_like(view.residual)
    residual[inner] = cv2.absdiff(shift.picture[inner], view.lit[inner])
    limit: FloatImage = view.limit + shift.slack
    mask = motion_masks.blank(_changed(residual, limit), masks)
    return replace(
        view, picture=shift.picture, residual=residual, limit=limit, mask=mask, shift=shift
    )


def _things(
    known: Scene,
    view: _View,
    masked: Cells | None,
    least_px: float,
    elapsed_s: float,
    now: float,
    settings: Gate,
) -> tuple[Things, str | None]:
    """What is a thing in the view; and if nothing is, why not."""
    if view.changed_px < least_px:
        return Things(mask=view.mask), "shake"
    change = Change(
        scene=known,
        picture=view.picture,
        lit=view.lit,
        residual=view.residual,
        limit=view.limit,
        mask=view.mask,
        keeps=background.keeps(known, view.seen, settings.min_diff),
        elapsed_s=elapsed_s,
        now=now,
        masked=None if masked is None else _steadied_mask(masked, view),
    )
    found = things(change, settings.ignore, least_px)
    return found, found.why


def _steadied_mask(masked: Cells, view: _View) -> GreyImage:
    """255 where masked, moved as the picture was: what is burned in does not shake."""
    mask = cells.spread(masked, view.mask.shape)
    shift = view.shift
    return mask if shift is None else np.roll(mask, (-round(shift.dy), -round(shift.dx)), (0, 1))


def _taught(first: _View, steadied: _View) -> _View:
    """The view that the scene learns from."""
    shift = steadied.shift
    if shift is None or shift.everywhere:
        return steadied
    return replace(first, mask=_in_frame(steadied.mask, shift))


def _lesson(view: _View, gone: Spots | None, elapsed_s: float) -> Lesson:
    normal = np.asarray(cv2.divide(view.picture, view.gain), np.float32)
    return Lesson(
        seen=view.seen,
        normal=normal,
        residual=view.residual,
        changed=view.mask,
        gone=gone,
        elapsed_s=elapsed_s,
    )


def _in_frame(mask: GreyImage, shift: Steadied | None) -> GreyImage:
    """The mask where the camera showed it, read-only."""
    if shift is not None:
        height, width = mask.shape
        there = np.array([[1, 0, shift.dx], [0, 1, shift.dy]], np.float32)
        moved = cv2.warpAffine(mask, there, (width, height), flags=cv2.INTER_NEAREST)
        mask = np.asarray(moved, np.uint8)
    mask.flags.writeable = False
    return mask


def _regions(mask: GreyImage, size: tuple[int, int]) -> tuple[Box, ...]:
    """Bounding boxes of joined changes, largest first, in pixels of the original frame."""
    joined = cv2.dilate(mask, _JOIN)
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    scale_x, scale_y = size[0] / mask.shape[1], size[1] / mask.shape[0]
    boxes = sorted(map(cv2.boundingRect, outlines), key=lambda box: -box[2] * box[3])
    return tuple(
        (x * scale_x, y * scale_y, (x + width) * scale_x, (y + height) * scale_y)
        for x, y, width, height in boxes
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pace:
    """Seconds since the last look after which a moving and a still scene is looked at again, and
    for how long after motion a still one counts as moving."""

    moving_s: float
    linger_s: float
    still_s: float


def _decide(state: GateState, seen: Motion, now: float, pace: _Pace) -> tuple[GateState, Motion]:
    """Whether what was `seen` deserves a look, or the time that has passed does."""
    since_s = now - state.looked_at_s
    if seen.regions:
        state = replace(state, moved_at_s=now)
        why = "motion" if since_s >= pace.moving_s else "faint"
    elif pace.linger_s and now - state.moved_at_s <= pace.linger_s:
        why = "linger"
    elif since_s >= pace.still_s:
        why = "full_look"
    else:
        return state, seen
    if why == "faint":
        return state, replace(seen, why=why)
    return replace(state, looked_at_s=now), replace(seen, moved=True, why=why)
