"""The background model of a camera: its empty scene, and how its pixels flicker.

PURE. Everything is measured per pixel on the camera itself: the background in its own light, the
noise around it, how often a pixel changes back and forth and how far. Grey levels are offset by
`illumination.BLACK`. Called by `motion` once per picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from imaging.detections import FloatImage, GreyImage

PixelMask = npt.NDArray[np.bool_]

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
"""Changed pixels still drift into the background, or a slow change of light would lock them out."""

_FLICKER_S = 20.0
"""Time constant: a gust comes back within it; somebody who walked past is forgotten after it."""

_FLICKER_HZ = 1.0
_FLICKER_SHARE = 0.2
"""A pixel flickers if it flips more often than this, per second or per picture, whichever is
less: leaves sway at 0.5 to 2 Hz and flip it twice per sway; somebody who walks past flips it twice
in all, and dense traffic, a car every other second, once a second."""

_AMPLITUDE = 1.2
"""A flickering pixel counts when it changes more than it lately did, and the noise on top."""

_APART_S = 0.15
"""Persistence is asked over at least this long: at 15 pictures a second a falling drop is still
where it was in the picture before, after 0.15 s it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundModel:
    """All `(h, w)`. `background`, `noise`, `amplitude` (how far a pixel lately changed) and
    `previous` (the last picture) in grey levels; `still_s` for how long a pixel has kept its value;
    `flips` the share (times 255) of late pictures in which it changed or changed back; `changed`
    (255) in the last picture, `earlier` in one at least `_APART_S` before the next.
    """

    background: FloatImage
    noise: FloatImage
    previous: GreyImage
    still_s: FloatImage
    flips: FloatImage
    amplitude: FloatImage
    changed: GreyImage
    earlier: GreyImage
    earlier_at_s: float = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundSample:
    """What one picture adds to the model: itself (`picture`), itself in the background's light
    (`normalised`), its `residual` against the lit background, where it `changed`, and where only
    `ghosts` did: the traces of what left."""

    picture: GreyImage
    normalised: FloatImage
    residual: FloatImage
    changed: GreyImage
    ghosts: PixelMask | None
    elapsed_s: float


def begin(picture: GreyImage, normalised: FloatImage) -> BackgroundModel:
    """The first picture is taken for the empty scene."""
    none = np.zeros(picture.shape, np.float32)
    nowhere = np.zeros(picture.shape, np.uint8)
    return BackgroundModel(
        background=normalised,
        noise=np.full(picture.shape, _FIRST_NOISE, np.float32),
        previous=picture,
        still_s=none,
        flips=none,
        amplitude=none,
        changed=nowhere,
        earlier=nowhere,
    )


def limit(model: BackgroundModel, lit: FloatImage, min_diff: int) -> FloatImage:
    """Grey levels beyond which a pixel has changed, where the background is `lit` so brightly: its
    noise, and a contrast (Weber's law: what an object differs by is a share of the light on it)."""
    contrast = np.clip(lit, np.float32(_DARK), np.float32(_MID_GREY))
    return np.asarray(
        cv2.addWeighted(model.noise, _NOISE_FACTOR, contrast, min_diff / _MID_GREY, 0)
    )


def exceeds_flicker(model: BackgroundModel, residual: FloatImage, elapsed_s: float) -> PixelMask:
    """Where a change is more than the pixel's own flicker."""
    often = 255 * min(_FLICKER_HZ * elapsed_s, _FLICKER_SHARE)
    found: PixelMask = (model.flips <= often) | (
        residual > np.float32(_AMPLITUDE) * model.amplitude
    )
    return found


def stable(model: BackgroundModel, picture: GreyImage, min_diff: int) -> PixelMask:
    """Where a pixel has the value that it had in the last picture."""
    found: PixelMask = cv2.absdiff(picture, model.previous) <= min_diff // 2
    return found


def update(
    model: BackgroundModel, sample: BackgroundSample, now: float, min_diff: int, background_s: float
) -> BackgroundModel:
    """Running averages. What has changed is hardly taken in, until it has kept still for half of
    `background_s` (a car that parked) or is known to be the trace of what left: then it is the
    background, at once. `now` is monotonic seconds.
    """
    rate = 1.0 - math.exp(-sample.elapsed_s / background_s)
    changed, unchanged = sample.changed, cv2.bitwise_not(sample.changed)
    same = stable(model, sample.picture, min_diff)
    still_s: FloatImage = (model.still_s + np.float32(sample.elapsed_s)) * same
    background, noise = model.background.copy(), model.noise.copy()
    cv2.accumulateWeighted(sample.normalised, background, rate, mask=unchanged)
    cv2.accumulateWeighted(np.minimum(sample.residual, _MOST_NOISE), noise, rate, mask=unchanged)
    if cv2.countNonZero(changed):
        cv2.accumulateWeighted(sample.normalised, background, _LEARN_CHANGED * rate, mask=changed)
        settled = cv2.bitwise_and(changed, (still_s > background_s / 2).view(np.uint8))
        cv2.copyTo(sample.normalised, settled, background)
    if sample.ghosts is not None:
        cv2.copyTo(sample.normalised, sample.ghosts.view(np.uint8), background)
    flips, amplitude = _flicker(model, sample)
    due = now - model.earlier_at_s >= _APART_S
    return BackgroundModel(
        background=background,
        noise=noise,
        previous=sample.picture,
        still_s=still_s,
        flips=flips,
        amplitude=amplitude,
        changed=changed,
        earlier=changed if due else model.earlier,
        earlier_at_s=now if due else model.earlier_at_s,
    )


def _flicker(model: BackgroundModel, sample: BackgroundSample) -> tuple[FloatImage, FloatImage]:
    """How often pixels flip, and how far they lately went."""
    rate = 1.0 - math.exp(-sample.elapsed_s / _FLICKER_S)
    flips = model.flips.copy()
    cv2.accumulateWeighted(cv2.bitwise_xor(sample.changed, model.changed), flips, rate)
    amplitude = model.amplitude * np.float32(1.0 - rate / 2)
    cv2.copyTo(cv2.max(amplitude, sample.residual), sample.changed, amplitude)
    return flips, amplitude
