"""A replay drawn frame by frame: the picture with everything on it, and under it the words.

PURE, though it changes in place: trails and banners are remembered from step to step. What lies
under a privacy mask is black here too. Called by `video` and by the filmstrips.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.config.schema import CameraConfig
from edge.privacy import pixels
from edge.records import Analysed, Quiet, RuleResult, TrackId
from edge.replay import drawing
from edge.replay.annotations import (
    AMBER,
    CYAN,
    GREEN,
    GREY,
    LEGEND,
    MAGENTA,
    RED,
    marks,
    nearest_to_firing,
    of_track,
)
from edge.replay.drawing import Colour, DrawnBox
from edge.replay.player import ReplayStep
from edge.replay.text_report import explained, was_reported
from edge.rules.checks import whole
from edge.track.track import Track
from imaging.admission import Rejected
from imaging.aspect import pixel_aspect
from imaging.detections import Image
from imaging.polygons import Point, foot

BANNER_S = 3.0
"""Long enough to read a line."""

_TRAIL = 30
"""Observations: six seconds at 5 frames/s."""

_WIDE = (960, 1280)
"""In 960 px there is room for a dozen names, and for 130 letters under the picture; more than 1280
px shows nothing more."""

_AROUND = 3.0
"""Longer sides of an object that its close-up shows."""

_LEAST_PX = 96
"""Less of a frame is a patch of colour; a far object is recognised by what is around it."""

_CLOSE_PX = 280

_LINES = 9
_BANNERS = 3


@dataclass(frozen=True, slots=True)
class _Banner:
    until_s: float
    words: str


class Overlay:
    """Draws one camera's replay; every step has to come by, in order."""

    def __init__(self, settings: CameraConfig) -> None:
        self._settings = settings
        self._trails: dict[TrackId, deque[Point]] = {}
        self._banners: tuple[_Banner, ...] = ()

    def add(self, step: ReplayStep) -> None:
        """Remember what the next drawing needs."""
        known = self._trails
        self._trails = {
            track.id: known.get(track.id, deque(maxlen=_TRAIL)) for track in step.tracks
        }
        for track in step.tracks:
            if track.seen_at_s == step.t:
                self._trails[track.id].append(foot(track.box))
        new = tuple(
            _Banner(
                step.t + BANNER_S,
                f"ALARM {one.label} {one.score:.2f}, #{one.track}, rule {one.rule}: {why}",
            )
            for candidate in step.candidates
            for one in (candidate.suspicion,)
            for why in ("; ".join(one.reasons),)
        )
        lasting = tuple(one for one in self._banners if step.t < one.until_s)
        self._banners = (*lasting, *new)[-_BANNERS:]

    def frame(self, step: ReplayStep) -> Image | None:
        """The step as a picture of its own size with the words under it; None if it has no pixels
        to show."""
        drawn = self.picture(step, _WIDE)
        if drawn is None:
            return None
        drawing.banner(drawn, [one.words for one in self._banners], RED)
        missing = _WIDE[0] - drawn.shape[1]
        if missing > 0:
            drawn = np.pad(drawn, ((0, 0), (0, missing), (0, 0)))
        return np.asarray(np.vstack([drawn, self.panel(step, drawn.shape[1])]), np.uint8)

    def picture(
        self, step: ReplayStep, wide: tuple[int, int], more: Sequence[DrawnBox] = ()
    ) -> Image | None:
        """The frame alone, as wide as said, with motion, places and marks, on top those of others
        (`more`)."""
        image = image_of(step, self._settings)
        if image is None or step.frame is None:
            return None
        height, width = image.shape[:2]
        aspect = pixel_aspect(step.frame.header, self._settings.pixel_aspect, image.shape)
        size = drawing.shown_size(int(width), int(height), aspect, wide)
        shown, scale = drawing.resized(image, size)
        if isinstance(step.outcome, Analysed | Quiet) and step.outcome.motion.mask is not None:
            drawing.tint(shown, step.outcome.motion.mask, CYAN)
        self.draw_places(shown)
        seen = list(marks(step, self._trails, (int(width), int(height))))
        if size[0] < _WIDE[0]:  # room for the words of what is followed alone
            seen = [one if one.colour in {RED, AMBER} else replace(one, words=()) for one in seen]
        drawing.draw(shown, [*seen, *more], scale)
        return shown

    def closeup(self, step: ReplayStep, one: DrawnBox) -> Image | None:
        """One object alone, with what is around it, so that a far one can be seen at all."""
        image = image_of(step, self._settings)
        if image is None or step.frame is None:
            return None
        height, width = image.shape[:2]
        aspect = pixel_aspect(step.frame.header, self._settings.pixel_aspect, image.shape)
        x0, y0, x1, y1 = one.box
        high = max(_AROUND * max((x1 - x0) * aspect, y1 - y0), _LEAST_PX)
        left, right = _around((x0 + x1) / 2, high / aspect, int(width))
        top, bottom = _around((y0 + y1) / 2, high, int(height))
        part = image[top:bottom, left:right]
        size = drawing.shown_size(right - left, bottom - top, aspect, (_CLOSE_PX, _CLOSE_PX))
        shown, scale = drawing.resized(part, size)
        drawing.draw(shown, [one], replace(scale, left=left, top=top))
        return shown

    def mark(self, step: ReplayStep, track: Track) -> DrawnBox:
        """A track as it is drawn."""
        rule_result = nearest_to_firing(step.rule_results).get(track.id)
        return of_track(track, step, rule_result, self._trails)

    def panel(self, step: ReplayStep, wide_px: int) -> Image:
        """What became of the frame and of each object in it, in words."""
        words = drawing.panel(wide_px, _words(step), _LINES)
        return np.asarray(np.vstack([words, drawing.legend(wide_px, LEGEND)]), np.uint8)

    def draw_places(self, shown: Image) -> None:
        """Zones, lines and masks onto `shown`, whatever its size."""
        settings = self._settings
        for zone in settings.zones:
            drawing.outline(shown, zone.polygon, GREEN, zone.id)
        for line in settings.lines:
            drawing.outline(shown, line.points, GREEN, line.id, closed=False)
        for masks in (settings.motion_masks, settings.object_masks, settings.privacy_masks):
            for mask in masks:
                drawing.outline(shown, mask.polygon, MAGENTA, mask.id)


def image_of(step: ReplayStep, settings: CameraConfig) -> Image | None:
    """The step's pixels, black under privacy masks; None for a frame that has none."""
    if isinstance(step.outcome, Analysed):
        return step.outcome.image
    if step.frame is None:
        return None
    image = pixels(step.frame, settings.privacy_masks)
    return None if isinstance(image, Rejected) else image


def _around(middle: float, size: float, whole: int) -> tuple[int, int]:
    """The stretch of that size around the middle, moved so that it lies within the whole."""
    size = min(size, whole)
    first = min(max(middle - size / 2, 0), whole - size)
    return int(first), max(int(first) + 1, min(whole, round(first + size)))


def _words(step: ReplayStep) -> list[tuple[str, Colour]]:
    head, *_ = explained(step)
    lines: list[tuple[str, Colour]] = [(head, drawing.WHITE)]
    about = [one for one in step.rule_results if one.checks[0].passed]
    for one in sorted(about, key=_weight)[: _LINES - 3]:
        reported = was_reported(one, step)
        line = whole(one, reported)
        if one.fired:  # what speaks for it fills the strip; `--explain` has it
            line = ":".join(line.split(":")[:2])
        lines.append((line, RED if reported else AMBER))
    if len(about) > _LINES - 3:
        lines.append((f"... and {len(about) - _LINES + 3} more", GREY))
    return lines


def _weight(rule_result: RuleResult) -> int:
    """What fires comes first, then what a single check holds back."""
    return sum(not check.passed for check in rule_result.checks)
