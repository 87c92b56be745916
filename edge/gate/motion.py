"""The motion gate: does anything move that deserves the detector?

PURE. Works on a small grey picture (reduced-scale decode). A running average remembers the empty
scene; a pixel has changed when it differs from it by more than the scene's own noise plus
`min_diff`, after the change of overall brightness is taken out. The caller keeps one `GateState`
per camera. OpenCV does the arithmetic, single-threaded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from edge.config.schema import Gate
from edge.records import Box, Motion

GreyImage = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.float32]

WIDTH_PX = 160
"""Gate pictures are at least this wide: a person of 40 px in a 640 px frame still covers 10."""

_BLUR = (5, 5)
_OPEN = np.ones((3, 3), np.uint8)
_JOIN = np.ones((7, 7), np.uint8)
_NOISE_FACTOR = 3.0
"""Mean absolute difference of Gaussian noise is 0.8 sigma; three of them pass 98 % of it."""

_LEARN_CHANGED = 0.05
"""Changed pixels still drift towards the scene, or a slow change of light would lock them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is known of the empty scene, as `(h, w) float32`: `background`, `noise` and `previous`
    (the last picture) in grey levels; `still_s` says for how long each pixel has kept its value.
    """

    background: FloatImage
    noise: FloatImage
    previous: FloatImage
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
    state: GateState, grey: GreyImage, size: tuple[int, int], now: float, settings: Gate
) -> tuple[GateState, Motion]:
    """Judge one picture and learn from it.

    `grey` is `(h, w) uint8`; `size` is the original frame's width and height in pixels, in which
    the regions are given.
    """
    picture = cv2.GaussianBlur(grey, _BLUR, 0).astype(np.float32)
    scene = state.scene
    if scene is None or scene.background.shape != picture.shape:
        return _begin(picture, now, "first_look")
    mask, residual = _changed(scene, picture, settings)
    share = float(np.count_nonzero(mask)) / mask.size
    if share > settings.light_share:
        return _begin(picture, now, "light_change")
    regions = _regions(mask, size) if share >= settings.min_share else ()
    elapsed_s = max(now - state.seen_at_s, 1e-3)
    learned = _learn(scene, picture, residual, mask > 0, elapsed_s, settings)
    state = replace(state, scene=learned, seen_at_s=now)
    return _decide(state, regions, share, now, settings)


def _begin(picture: FloatImage, now: float, why: str) -> tuple[GateState, Motion]:
    scene = Scene(
        background=picture,
        noise=np.full(picture.shape, 2.0, np.float32),
        previous=picture,
        still_s=np.zeros(picture.shape, np.float32),
    )
    state = GateState(scene=scene, seen_at_s=now, moved_at_s=now, looked_at_s=now)
    return state, Motion(moved=True, why=why, regions=(), share=1.0)


def _changed(
    scene: Scene, picture: FloatImage, settings: Gate
) -> tuple[npt.NDArray[np.uint8], FloatImage]:
    difference = picture - scene.background
    residual = np.abs(difference - np.median(difference)).astype(np.float32)
    limit = settings.min_diff + _NOISE_FACTOR * scene.noise
    mask = (residual > limit).astype(np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _OPEN)
    return np.asarray(opened, np.uint8), residual


def _regions(mask: npt.NDArray[np.uint8], size: tuple[int, int]) -> tuple[Box, ...]:
    """Bounding boxes of joined changes, largest first, in pixels of the original frame."""
    joined = cv2.dilate(mask, _JOIN)
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    scale_x, scale_y = size[0] / mask.shape[1], size[1] / mask.shape[0]
    order = sorted(range(1, count), key=lambda row: -int(stats[row, cv2.CC_STAT_AREA]))
    return tuple(_box(stats[row], scale_x, scale_y) for row in order)


def _box(stats: npt.NDArray[np.int32], scale_x: float, scale_y: float) -> Box:
    x, y, width, height = (int(value) for value in stats[:4])
    return (x * scale_x, y * scale_y, (x + width) * scale_x, (y + height) * scale_y)


def _learn(
    scene: Scene,
    picture: FloatImage,
    residual: FloatImage,
    changed: npt.NDArray[np.bool_],
    elapsed_s: float,
    settings: Gate,
) -> Scene:
    """Running averages. What has changed is hardly learned, until it has kept still for half the
    background's memory (a car that parked, the bare ground that one left behind): then it is the
    background, at once and without a ghost.
    """
    rate = 1.0 - float(np.exp(-elapsed_s / settings.background_s))
    changing = np.abs(picture - scene.previous) > settings.min_diff / 2
    still_s = np.where(changing, 0.0, scene.still_s + elapsed_s).astype(np.float32)
    rates = np.where(changed, _LEARN_CHANGED * rate, rate)
    rates = np.where(changed & (still_s > settings.background_s / 2), 1.0, rates)
    noise_rates = np.where(changed, 0.0, rate)
    moved = rates * (picture - scene.background)
    noisier = noise_rates * (np.minimum(residual, 20.0) - scene.noise)
    return Scene(
        background=(scene.background + moved).astype(np.float32),
        noise=(scene.noise + noisier).astype(np.float32),
        previous=picture,
        still_s=still_s,
    )


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
