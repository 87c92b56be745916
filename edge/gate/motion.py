"""The motion gate: does anything move that deserves the detector?

PURE. Works on a small grey picture (reduced-scale decode). A running average remembers the empty
scene; a pixel has changed when it differs from it by more than the scene's own noise plus
`min_diff`, after the change of overall brightness is taken out. The caller keeps one `GateState`
per camera. OpenCV does the arithmetic, single-threaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from edge.config.schema import Gate, MotionMask
from edge.gate import masking
from edge.records import Box, Motion

GreyImage = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.float32]

WIDTH_PX = 160
"""Gate pictures are at least this wide: a person of 40 px in a 640 px frame still covers 10."""

_BLUR = (5, 5)
_OPEN = np.ones((3, 3), np.uint8)
SPREAD_CELLS = 3
"""Regions reach so many pixels of the grey picture beyond what changed, so that parts of one thing
join."""
_JOIN = np.ones((2 * SPREAD_CELLS + 1, 2 * SPREAD_CELLS + 1), np.uint8)
_NOISE_FACTOR = 3.0
"""Mean absolute difference of Gaussian noise is 0.8 sigma; three of them pass 98 % of it."""

_MOST_NOISE = np.float32(20.0)
"""Grey levels; a pixel that flickers more would be blind."""

_LIGHT_STEP = 3
"""The change of overall brightness is the median of every third pixel of every third row."""

_LEARN_CHANGED = 0.05
"""Changed pixels still drift towards the scene, or a slow change of light would lock them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is known of the empty scene, all `(h, w)`: `background`, `noise` and `previous` (the
    last picture) in grey levels; `still_s` says for how long each pixel has kept its value.
    """

    background: FloatImage
    noise: FloatImage
    previous: GreyImage
    still_s: FloatImage


@dataclass(frozen=True, slots=True, kw_only=True)
class GateState:
    """What the gate remembers of one camera; times are monotonic seconds."""

    scene: Scene | None = None
    seen_at_s: float = 0.0
    moved_at_s: float = float("-inf")
    looked_at_s: float = float("-inf")


def off() -> Motion:
    """The verdict of a gate that is switched off: every frame deserves a look."""
    return Motion(moved=True, why="off", regions=(), share=1.0)


def look(
    state: GateState,
    grey: GreyImage,
    size: tuple[int, int],
    now: float,
    settings: Gate,
    masks: tuple[MotionMask, ...] = (),
) -> tuple[GateState, Motion]:
    """Judge one picture and learn from it.

    `grey` is `(h, w) uint8`; `size` is the original frame's width and height in pixels, in which
    the regions are given; in `masks` nothing changes.
    """
    picture = np.asarray(cv2.GaussianBlur(grey, _BLUR, 0), np.uint8)
    scene = state.scene
    if scene is None or scene.background.shape != picture.shape:
        return _begin(picture, now, "first_look")
    mask, residual = _changed(scene, picture, settings)
    mask = masking.blank(mask, masks)
    share = cv2.countNonZero(mask) / mask.size
    if share > settings.light_share:
        return _begin(picture, now, "light_change")
    regions = _regions(mask, size) if share >= settings.min_share else ()
    elapsed_s = max(now - state.seen_at_s, 1e-3)
    learned = _learn(scene, picture, residual, mask, elapsed_s, settings)
    state = replace(state, scene=learned, seen_at_s=now)
    mask.flags.writeable = False
    state, seen = _decide(state, regions, share, now, settings)
    return state, replace(seen, mask=mask)


def _begin(picture: GreyImage, now: float, why: str) -> tuple[GateState, Motion]:
    scene = Scene(
        background=picture.astype(np.float32),
        noise=np.full(picture.shape, 2.0, np.float32),
        previous=picture,
        still_s=np.zeros(picture.shape, np.float32),
    )
    state = GateState(scene=scene, seen_at_s=now, moved_at_s=now, looked_at_s=now)
    return state, Motion(moved=True, why=why, regions=(), share=1.0)


def _changed(scene: Scene, picture: GreyImage, settings: Gate) -> tuple[GreyImage, FloatImage]:
    """Where the picture differs (255, else 0), and by how much without the change of light."""
    difference = picture - scene.background
    difference -= _middle(difference[::_LIGHT_STEP, ::_LIGHT_STEP].ravel())
    residual: FloatImage = np.abs(difference, out=difference)
    limit = scene.noise * np.float32(_NOISE_FACTOR) + np.float32(settings.min_diff)
    mask = cv2.morphologyEx(cv2.compare(residual, limit, cv2.CMP_GT), cv2.MORPH_OPEN, _OPEN)
    return np.asarray(mask, np.uint8), residual


def _middle(values: FloatImage) -> np.float32:
    """The median of `(N,)` values; NumPy's own takes six times as long."""
    half = len(values) // 2
    return np.float32(np.partition(values, half)[half])


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


def _learn(
    scene: Scene,
    picture: GreyImage,
    residual: FloatImage,
    changed: GreyImage,
    elapsed_s: float,
    settings: Gate,
) -> Scene:
    """Running averages. What has changed is hardly learned, until it has kept still for half the
    background's memory (a car that parked, the bare ground that one left behind): then it is the
    background, at once and without a ghost.
    """
    rate = 1.0 - math.exp(-elapsed_s / settings.background_s)
    steady = cv2.absdiff(picture, scene.previous) <= settings.min_diff // 2
    still_s: FloatImage = (scene.still_s + np.float32(elapsed_s)) * steady
    settled = (changed > 0) & (still_s > settings.background_s / 2)
    unchanged = cv2.bitwise_not(changed)
    background, noise = scene.background.copy(), scene.noise.copy()
    cv2.accumulateWeighted(picture, background, rate, mask=unchanged)
    cv2.accumulateWeighted(picture, background, _LEARN_CHANGED * rate, mask=changed)
    np.copyto(background, picture, where=settled)
    cv2.accumulateWeighted(np.minimum(residual, _MOST_NOISE), noise, rate, mask=unchanged)
    return Scene(background=background, noise=noise, previous=picture, still_s=still_s)


def _decide(
    state: GateState, regions: tuple[Box, ...], share: float, now: float, settings: Gate
) -> tuple[GateState, Motion]:
    if regions:
        state = replace(state, moved_at_s=now)
        why = "motion"
    elif now - state.moved_at_s <= settings.linger_s:
        why = "linger"
    elif now - state.looked_at_s >= settings.full_look_s:
        why = "full_look"
    else:
        return state, Motion(moved=False, why="still", regions=(), share=share)
    return replace(state, looked_at_s=now), Motion(
        moved=True, why=why, regions=regions, share=share
    )
