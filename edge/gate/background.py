"""What a camera's empty scene looks like, and how restless it is, learned from its pictures.

PURE. Everything is measured per pixel on the camera itself: the background in its own light, the
noise around it, how often a pixel changes back and forth and how far. Grey levels are offset by
`light.BLACK`. Called by `motion` once per picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

GreyImage = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.float32]
Spots = npt.NDArray[np.bool_]

_FIRST_NOISE = 2.0
_MOST_NOISE = np.float32(20)
"""Grey levels; a pixel that flickers more would be blind."""

_NOISE_FACTOR = 3.0
"""Mean absolute difference of Gaussian noise is 0.8 sigma; three of them pass 98 % of it."""

_MID_GREY = 100.0
"""From here on, a difference counts in full: the grey of asphalt and grass in good light."""

_DARK = 40.0
"""Under it the contrast that is asked for falls no further: JPEG's own steps are 2 to 4 levels."""

_LEARN_CHANGED = 0.05
"""Changed pixels still drift towards the scene, or a slow change of light would lock them out."""

_RESTLESS_S = 20.0
"""Time constant: a gust comes back within it; somebody who walked past is forgotten after it."""

_RESTLESS_HZ = 1.0
_RESTLESS_SHARE = 0.2
"""A pixel is restless if it flips more often than this, per second or per picture, whichever is
less: leaves sway at 0.5 to 2 Hz and flip it twice per sway; somebody who walks past flips it twice
in all, and dense traffic, a car every other second, once a second."""

_SWING = 1.2
"""A restless pixel counts when it changes more than it lately did, and the noise on top."""

_APART_S = 0.15
"""Persistence is asked over at least this long: at 15 pictures a second a falling drop is still
where it was in the picture before, after 0.15 s it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All `(h, w)`. `background`, `noise`, `swing` (how far a pixel lately changed) and `previous`
    (the last picture) in grey levels; `still_s` for how long a pixel has kept its value;
    `flips` the share (times 255) of late pictures in which it changed or changed back; `changed`
    (255) in the last picture, `earlier` in one at least `_APART_S` before the next.
    """

    background: FloatImage
    noise: FloatImage
    previous: GreyImage
    still_s: FloatImage
    flips: FloatImage
    swing: FloatImage
    changed: GreyImage
    earlier: GreyImage
    earlier_at_s: float = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a picture teaches: itself (`seen`), itself in the background's light (`normal`), its
    `residual` against the lit background, where it `changed`, and what left (`gone`)."""

    seen: GreyImage
    normal: FloatImage
    residual: FloatImage
    changed: GreyImage
    gone: Spots | None
    elapsed_s: float


def begin(seen: GreyImage, normal: FloatImage) -> Scene:
    """The first picture is taken for the empty scene."""
    none = np.zeros(seen.shape, np.float32)
    nowhere = np.zeros(seen.shape, np.uint8)
    return Scene(
        background=normal,
        noise=np.full(seen.shape, _FIRST_NOISE, np.float32),
        previous=seen,
        still_s=none,
        flips=none,
        swing=none,
        changed=nowhere,
        earlier=nowhere,
    )


def limit(scene: Scene, lit: FloatImage, min_diff: int) -> FloatImage:
    """Grey levels beyond which a pixel has changed, where the background is `lit` so brightly: its
    noise, and a contrast (Weber's law: what a thing differs by is a share of the light on it)."""
    contrast = np.clip(lit, np.float32(_DARK), np.float32(_MID_GREY))
    return np.asarray(
        cv2.addWeighted(scene.noise, _NOISE_FACTOR, contrast, min_diff / _MID_GREY, 0)
    )


def calm(scene: Scene, residual: FloatImage, elapsed_s: float) -> Spots:
    """Where a change is more than the pixel's own restlessness."""
    often = 255 * min(_RESTLESS_HZ * elapsed_s, _RESTLESS_SHARE)
    found: Spots = (scene.flips <= often) | (residual > np.float32(_SWING) * scene.swing)
    return found


def keeps(scene: Scene, seen: GreyImage, min_diff: int) -> Spots:
    """Where a pixel has the value that it had in the last picture."""
    found: Spots = cv2.absdiff(seen, scene.previous) <= min_diff // 2
    return found


def learn(scene: Scene, lesson: Lesson, now: float, min_diff: int, background_s: float) -> Scene:
    """Running averages. What has changed is hardly learned, until it has kept still for half of
    `background_s` (a car that parked) or is known to be the trace of what left: then it is the
    background, at once.
    """
    rate = 1.0 - math.exp(-lesson.elapsed_s / background_s)
    changed, unchanged = lesson.changed, cv2.bitwise_not(lesson.changed)
    kept = keeps(scene, lesson.seen, min_diff)
    still_s: FloatImage = (scene.still_s + np.float32(lesson.elapsed_s)) * kept
    background, noise = scene.background.copy(), scene.noise.copy()
    cv2.accumulateWeighted(lesson.normal, background, rate, mask=unchanged)
    cv2.accumulateWeighted(np.minimum(lesson.residual, _MOST_NOISE), noise, rate, mask=unchanged)
    if cv2.countNonZero(changed):
        cv2.accumulateWeighted(lesson.normal, background, _LEARN_CHANGED * rate, mask=changed)
        settled = cv2.bitwise_and(changed, (still_s > background_s / 2).view(np.uint8))
        cv2.copyTo(lesson.normal, settled, background)
    if lesson.gone is not None:
        cv2.copyTo(lesson.normal, lesson.gone.view(np.uint8), background)
    flips, swing = _restlessness(scene, lesson)
    due = now - scene.earlier_at_s >= _APART_S
    return Scene(
        background=background,
        noise=noise,
        previous=lesson.seen,
        still_s=still_s,
        flips=flips,
        swing=swing,
        changed=changed,
        earlier=changed if due else scene.earlier,
        earlier_at_s=now if due else scene.earlier_at_s,
    )


def _restlessness(scene: Scene, lesson: Lesson) -> tuple[FloatImage, FloatImage]:
    """How often pixels flip, and how far they lately went."""
    rate = 1.0 - math.exp(-lesson.elapsed_s / _RESTLESS_S)
    flips = scene.flips.copy()
    cv2.accumulateWeighted(cv2.bitwise_xor(lesson.changed, scene.changed), flips, rate)
    swing = scene.swing * np.float32(1.0 - rate / 2)
    cv2.copyTo(cv2.max(swing, lesson.residual), lesson.changed, swing)
    return flips, swing
