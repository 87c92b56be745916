"""A frame in which is looked for what stands there.

PURE, but for the looks that it keeps: several things are compared with one place, which is read
once. Made by `pipeline` for every analysed frame, used by `stationary` and `answers`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from edge.decide.appearance import Appearance, appearance
from edge.records import Box
from imaging.detections import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The frame that was looked at: received `at`, which is `now` in monotonic seconds."""

    image: Image
    at: datetime
    now: float
    _looks: dict[Box, Appearance | None] = field(default_factory=dict, repr=False, compare=False)

    def look(self, box: Box) -> Appearance | None:
        """How the place `box` (shares 0..1 of the frame) looks; see `appearance`."""
        if box not in self._looks:
            self._looks[box] = appearance(self.image, box)
        return self._looks[box]
