"""The motion gate: does anything move that deserves the detector?

PURE. Works on a small grey picture (reduced-scale decode) against what `background` remembers of
the empty scene, lit as the picture is (`illumination`). A pixel has changed when it differs by more
than its own noise plus `min_diff`; what changed is taken back where the camera shook
(`stabilisation`) and classified blob by blob (`foreground_blobs`). The caller keeps one `GateState`
per camera. OpenCV does the arithmetic, single-threaded; a still scene pays for the comparison only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from edge.config.schema import GateConfig
from edge.gate import auto_mask, background, cells, motion_masks
from edge.gate.auto_mask import AutoMask
from edge.gate.background import BackgroundModel, BackgroundSample, PixelMask
from edge.gate.cells import Cells
from edge.gate.foreground_blobs import ForegroundBlobs, FrameDifference, foreground_blobs
from edge.gate.illumination import BLACK, WHITE, gains
from edge.gate.motion_masks import Unwatched
from edge.gate.stabilisation import Stabilised, stabilise
from edge.records import Motion
from imaging.detections import FloatImage, GreyImage
from imaging.polygons import Box

WIDTH_PX = 320
"""Gate pictures are at least this wide: a person of 16 px in a 640 px frame still covers 8 by 3,
which is what opening leaves. Of walkers of 20 to 40 px half as many pass at half the width."""

_BLUR = (3, 3)
"""Against noise; wider, and somebody 16 px tall in a 640 px frame, 3 px wide here, is gone."""

_OPEN = np.ones((3, 3), np.uint8)

SPREAD_CELLS = 6
"""Regions reach so many pixels of the grey picture beyond what changed, so that parts of one object
join."""
_JOIN = np.ones((2 * SPREAD_CELLS + 1, 2 * SPREAD_CELLS + 1), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateState:
    """What the gate remembers of one camera; times are monotonic seconds."""

    model: BackgroundModel | None = None
    seen_at_s: float = 0.0
    moved_at_s: float = float("-inf")
    detected_at_s: float = float("-inf")
    auto: AutoMask = field(default_factory=AutoMask)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """A picture compared with the background `model`: `smoothed` as it came, `picture` in offset
    grey levels and stabilised by `shift`, the background `lit` likewise, by `gain`; `mask` is 255
    where they differ by more than `limit`."""

    model: BackgroundModel
    smoothed: GreyImage
    picture: FloatImage
    lit: FloatImage
    gain: FloatImage
    residual: FloatImage
    limit: FloatImage
    mask: GreyImage
    shift: Stabilised | None = None

    @property
    def changed_px(self) -> int:
        return cv2.countNonZero(self.mask)


def off() -> Motion:
    """What a gate that is switched off says: every frame deserves the detector."""
    return Motion(moved=True, why="off", regions=(), share=1.0)


def unmask(state: GateState, found: Iterable[Box], size: tuple[int, int]) -> GateState:
    """After a detection: nothing is masked in the boxes `found`, of people and of what moves, in
    pixels of a frame of `size`."""
    return replace(state, auto=auto_mask.unmask(state.auto, found, size))


def detect_motion(
    state: GateState,
    grey: GreyImage,
    size: tuple[int, int],
    now: float,
    settings: GateConfig,
    masks: tuple[Unwatched, ...] = (),
    *,
    followed: bool = True,
) -> tuple[GateState, Motion]:
    """Compare one picture with the background model, and update the model.

    `grey` is `(h, w) uint8`; `size` is the original frame's width and height in pixels, in which
    the regions are given; in `masks` nothing changes. `followed` is whether something was found
    where it moved and is still followed: without, there is nothing to linger for.
    """
    smoothed = np.asarray(cv2.GaussianBlur(grey, _BLUR, 0), np.uint8)
    known = state.model
    if known is None or known.background.shape != smoothed.shape:
        return _begin(smoothed, now, "first_look", state.auto)
    as_shown = _compare(known, smoothed, settings, masks)
    least_px = max(1.0, settings.min_share * smoothed.size)
    compared = as_shown
    if as_shown.changed_px >= least_px and "camera_jitter" in settings.ignore:
        compared = _stabilised(as_shown, masks)
    if compared.changed_px > settings.light_share * smoothed.size:
        return _begin(smoothed, now, "light_change", state.auto)
    elapsed_s = max(now - state.seen_at_s, 1e-3)
    masked = None if followed else state.auto.mask(now)
    found, why = _find_blobs(compared, masked, least_px, elapsed_s, now, settings)
    if as_shown.changed_px < least_px:
        why = "still"
    sample = _sample(_to_learn_from(as_shown, compared), found.ghosts, elapsed_s)
    updated = background.update(known, sample, now, settings.min_diff, settings.background_s)
    mask = _in_frame(found.mask, compared.shift)
    regions = _regions(mask, size) if why is None else ()
    masks_itself = "auto_mask" in settings.ignore
    auto = state.auto if masks_itself else AutoMask()
    if masks_itself and not followed:  # what changes beside somebody is his shadow, or a door
        auto = auto_mask.update(auto, _in_frame(compared.mask, compared.shift), elapsed_s)
    if why is None:
        auto = auto_mask.suspend(auto, mask, now)
    share = as_shown.changed_px / smoothed.size
    motion = Motion(moved=False, why=why or "motion", regions=regions, share=share, mask=mask)
    faint = cv2.countNonZero(mask) < settings.faint_share * smoothed.size
    intervals = _Intervals(
        moving_s=settings.faint_every_s if faint and not followed else 0.0,
        linger_s=settings.linger_s if followed else 0.0,
        still_s=settings.full_look_s,
    )
    return _decide(replace(state, model=updated, seen_at_s=now, auto=auto), motion, now, intervals)


def _begin(smoothed: GreyImage, now: float, why: str, auto: AutoMask) -> tuple[GateState, Motion]:
    fresh = background.begin(smoothed, smoothed.astype(np.float32) + np.float32(BLACK))
    state = GateState(model=fresh, seen_at_s=now, moved_at_s=now, detected_at_s=now, auto=auto)
    return state, Motion(moved=True, why=why, regions=(), share=1.0)


def _compare(
    known: BackgroundModel, smoothed: GreyImage, settings: GateConfig, masks: tuple[Unwatched, ...]
) -> _Comparison:
    picture = smoothed.astype(np.float32) + np.float32(BLACK)
    gain = gains(picture, known.background)
    lit: FloatImage = np.minimum(known.background * gain, np.float32(WHITE))
    limit = background.limit(known, lit, settings.min_diff)
    residual = np.asarray(cv2.absdiff(picture, lit), np.float32)
    return _Comparison(
        model=known,
        smoothed=smoothed,
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


def _stabilised(compared: _Comparison, masks: tuple[Unwatched, ...]) -> _Comparison:
    """The comparison as if the camera had not moved, if that is what changed the picture."""
    shift = stabilise(compared.picture, compared.lit, compared.mask)
    if shift is None:
        return compared
    inner = np.s_[shift.margin : -shift.margin, shift.margin : -shift.margin]
    residual = np.zeros_like(compared.residual)
    residual[inner] = cv2.absdiff(shift.picture[inner], compared.lit[inner])
    limit: FloatImage = compared.limit + shift.tolerance
    mask = motion_masks.blank(_changed(residual, limit), masks)
    return replace(
        compared, picture=shift.picture, residual=residual, limit=limit, mask=mask, shift=shift
    )


def _find_blobs(
    compared: _Comparison,
    masked: Cells | None,
    least_px: float,
    elapsed_s: float,
    now: float,
    settings: GateConfig,
) -> tuple[ForegroundBlobs, str | None]:
    """The blobs that are objects; and if none is, why not."""
    if compared.changed_px < least_px:
        return ForegroundBlobs(mask=compared.mask), "camera_jitter"
    difference = FrameDifference(
        model=compared.model,
        picture=compared.picture,
        lit=compared.lit,
        residual=compared.residual,
        limit=compared.limit,
        mask=compared.mask,
        stable=background.stable(compared.model, compared.smoothed, settings.min_diff),
        elapsed_s=elapsed_s,
        now=now,
        masked=None if masked is None else _stabilised_mask(masked, compared),
    )
    found = foreground_blobs(difference, settings.ignore, least_px)
    return found, found.why


def _stabilised_mask(masked: Cells, compared: _Comparison) -> GreyImage:
    """255 where masked, moved as the picture was: what is burned in does not jitter."""
    mask = cells.spread(masked, compared.mask.shape)
    shift = compared.shift
    return mask if shift is None else np.roll(mask, (-round(shift.dy), -round(shift.dx)), (0, 1))


def _to_learn_from(as_shown: _Comparison, stabilised: _Comparison) -> _Comparison:
    """The comparison that updates the background model."""
    shift = stabilised.shift
    if shift is None or shift.everywhere:
        return stabilised
    return replace(as_shown, mask=_in_frame(stabilised.mask, shift))


def _sample(compared: _Comparison, ghosts: PixelMask | None, elapsed_s: float) -> BackgroundSample:
    normalised = np.asarray(cv2.divide(compared.picture, compared.gain), np.float32)
    return BackgroundSample(
        picture=compared.smoothed,
        normalised=normalised,
        residual=compared.residual,
        changed=compared.mask,
        ghosts=ghosts,
        elapsed_s=elapsed_s,
    )


def _in_frame(mask: GreyImage, shift: Stabilised | None) -> GreyImage:
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
class _Intervals:
    """Seconds since the last detection after which a moving and a still scene gets another, and for
    how long after motion a still one counts as moving."""

    moving_s: float
    linger_s: float
    still_s: float


def _decide(
    state: GateState, motion: Motion, now: float, intervals: _Intervals
) -> tuple[GateState, Motion]:
    """Whether the motion deserves the detector, or the time that has passed does."""
    since_s = now - state.detected_at_s
    if motion.regions:
        state = replace(state, moved_at_s=now)
        why = "motion" if since_s >= intervals.moving_s else "faint"
    elif intervals.linger_s and now - state.moved_at_s <= intervals.linger_s:
        why = "linger"
    elif since_s >= intervals.still_s:
        why = "full_look"
    else:
        return state, motion
    if why == "faint":
        return state, replace(motion, why=why)
    return replace(state, detected_at_s=now), replace(motion, moved=True, why=why)
