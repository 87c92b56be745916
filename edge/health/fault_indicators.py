"""What one picture, and the time that comes with it, says of each fault of a camera.

PURE. An indicator is True where the fault shows, False where it plainly does not, None where the
picture cannot tell: a black one says nothing about focus. Between two limits a fault that is given
already (`on`) stays. Called by `camera_health`, which knows how long indicators must last.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import cv2
import numpy as np

from edge.config.health import Fault
from edge.health.reference_view import ViewSimilarity
from imaging.detections import GreyImage

Indicators = dict[Fault, bool | None]

VIEW_FAULTS: tuple[Fault, ...] = ("defocused", "covered", "moved", "glare")

_DARK, _LIT = 24, 32
"""Grey levels that 95 % of the picture stay under. Video black is 16, and 8 more are noise; text
that a camera writes over its picture takes up less than the other 5 %."""

_CLIPPED = 248
"""Grey levels; JPEG leaves clipped white a little under 255."""

_BLOWN, _EXPOSED = 0.5, 0.4
"""Share of the picture that is clipped, in which nobody shows; a bright sky takes up less."""

_LIVE_SHARE = 0.01
"""Share of pixels that differ between two pictures of a live camera; sensor noise changes a third
of them and more, a burned-in clock within a frozen picture a few in a thousand."""

_LOST, _FITS = 0.4, 0.5
"""Agreement with the view; chance gives 0 to 0.25, light, fog and crowds leave 0.6 and more."""

_BETTER_ELSEWHERE = 0.25
"""What the correlation gains by a shift if it was the camera that moved; things that move gain
nothing, and chance alone a fifth."""

_FLAT = 0.4
"""Share of the view's structure under which there is a surface before the lens; also where no edge
is left."""

_SOFT, _SHARP = 1.4, 1.25
"""Edges so many times wider than usual: a blur of a little more than 1 % of the picture's width,
at which a person of an eighth of its height is lost."""

_VEIL = 1.3
"""As `_SOFT`, over the whole picture, where edges of the view mix with those of glare or web."""

_GLARE_CONTRAST, _NIGHT = 80, 128
"""Grey levels: a web or a lamp outshines (95th percentile) a dim picture (median)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GreyLevels:
    """Of a picture: its median and 95th percentile in grey levels, the share that is clipped."""

    middle: int
    bright: int
    clipped: float


def grey_levels(picture: GreyImage) -> GreyLevels:
    """Measured on every other pixel of every other row."""
    shares = np.cumsum(np.bincount(picture[::2, ::2].ravel(), minlength=256), dtype=np.float64)
    shares /= shares[-1]
    middle, bright = np.searchsorted(shares, (0.5, 0.95))
    clipped = 1.0 - float(shares[_CLIPPED - 1])
    return GreyLevels(middle=int(middle), bright=int(bright), clipped=clipped)


def exposure_indicators(seen: GreyLevels, on: Collection[Fault]) -> Indicators:
    """`dark` and `blown_out`, which need no memory."""
    return {
        "dark": seen.bright < (_LIT if "dark" in on else _DARK),
        "blown_out": seen.clipped >= (_EXPOSED if "blown_out" in on else _BLOWN),
    }


def repeats(anchor: GreyImage | None, picture: GreyImage) -> bool:
    """Whether the picture is `anchor` again, but for a clock that the camera writes into it."""
    if anchor is None:
        return False
    differing = cv2.countNonZero(cv2.absdiff(anchor, picture))
    return differing <= _LIVE_SHARE * picture.size


def fits(similarity: ViewSimilarity) -> bool:
    """Whether the picture shows the view, and in its place."""
    return similarity.agreement >= _FITS and similarity.shift_gains < _BETTER_ELSEWHERE


def view_indicators(similarity: ViewSimilarity | None, seen: GreyLevels) -> Indicators:
    """At most one fault of the view shows; whether the others are over, only a view that fits can
    tell, or a moved camera's sharp picture: that is neither covered nor dazzled."""
    if similarity is None:
        return dict.fromkeys(VIEW_FAULTS)
    shows = _view_fault(similarity, seen)
    over = False if shows is None and fits(similarity) else None
    indicators: Indicators = dict.fromkeys(VIEW_FAULTS, over)
    if similarity.softer is None or similarity.softer > _SHARP:
        indicators["defocused"] = None
    if shows == "moved":
        indicators |= {"covered": False, "glare": False}
    if shows is not None:
        indicators[shows] = True
    return indicators


def _view_fault(similarity: ViewSimilarity, seen: GreyLevels) -> Fault | None:
    lost = similarity.agreement < _LOST or similarity.shift_gains >= _BETTER_ELSEWHERE
    veiled = similarity.softer_all is not None and similarity.softer_all >= _VEIL
    outshone = seen.middle < _NIGHT and seen.bright - seen.middle >= _GLARE_CONTRAST
    if lost and (similarity.structure < _FLAT or similarity.edgeless):
        return "covered"
    if similarity.agreement < _FITS and veiled and outshone:
        return "glare"
    if lost:
        return "covered" if veiled else "moved"
    soft = similarity.softer is not None and similarity.softer >= _SOFT
    return "defocused" if soft and similarity.agreement >= _FITS else None


def clock_indicator(off_s: float | None, before_s: float | None, allowed_s: float) -> bool | None:
    """Whether the time that a camera claims shows a wrong clock; `off_s` behind ours, `before_s`
    that of the picture before, None without a claim.

    A claim in the future is wrong. One in the past may be a picture that was sent late: only when
    the one before lay as far back is it the clock.
    """
    if off_s is None:
        return None
    if abs(off_s) <= allowed_s:
        return False
    if off_s < 0:
        return True
    steady = before_s is not None and abs(off_s - before_s) <= allowed_s
    return True if steady else None
