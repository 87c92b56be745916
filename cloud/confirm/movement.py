"""Do the pictures show a vehicle drive, or one that stands where it stood?

PURE. The gateway says that a vehicle came some way, and its box may have: from one parked car to
the next, or with somebody who walks past. The pictures say more. What drives leaves its place,
which then looks different; what stands looks the same there in every picture. Only places are
compared, so a neighbour of the same make is no proof of anything. Called by `decision`
and `evaluator`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from cloud.confirm.matching import EvidenceView, seen_at
from cloud.confirm.similarity import alike_parts
from contract.labels import group_of
from contract.report import RelativeBox, ThreatReport
from imaging.polygons import Box

STANDS_S = 1.0
"""In a second a car at walking pace comes a third of its length, and its place looks different."""

_PARTS = 2
"""Of the four quarters of a place: so many that look the same are those of a thing that stands.
Somebody who walks past covers some of it, and what drives off takes all of it along."""

_SHOWN = 0.9
"""Share of a place that a picture must show for it to be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturedMovement:
    """`way` in the vehicle's own longer sides, from the first picture to the one that shows it
    farthest off; 0 where none shows that it drove. `stood_for` is how far apart in time pictures
    are that show the same at its place; `since_report` whether the last of them was taken after the
    report had said that it moves."""

    way: float = 0.0
    stood_for: timedelta | None = None
    since_report: bool = False

    @property
    def stands(self) -> bool:
        """The pictures refute that it drives."""
        return self.since_report and (self.stood_for or timedelta()).total_seconds() >= STANDS_S

    @property
    def open(self) -> bool:
        """It is where it was, but in no picture from after the report."""
        return self.stood_for is not None and not self.stands


UNKNOWN = PicturedMovement()


def movement_in(
    report: ThreatReport, views: Sequence[EvidenceView], min_iou: float
) -> PicturedMovement:
    """What the pictures say of a suspected vehicle; nothing of anything else, or of one picture.

    Places are those of what the networks see strongest, which is what confirms; where they see
    none, only tarmac stands still.
    """
    if group_of(report.label) != "vehicle":
        return UNKNOWN
    close = [view for view in views if view.close and view.image is not None and view.place]
    seen = [(view, seen_at(report, view, min_iou)) for view in close]
    seen.sort(key=lambda pair: pair[0].moment)
    first, place = next(((view, box) for view, box in seen if box), (None, None))
    if first is None or place is None:
        return UNKNOWN
    pairs = [(view, now) for view, now in seen if view.moment > first.moment]
    drove = [
        _way(place, now, view)
        for view, now in pairs
        if now is not None and _drove(first, view, place, now)
    ]
    if drove:
        return PicturedMovement(way=max(drove))
    stood = [
        view.moment
        for view, now in pairs
        if _same(first, view, place) or (now is not None and _same(first, view, now))
    ]
    if not stood:
        return UNKNOWN
    return PicturedMovement(
        stood_for=max(stood) - first.moment, since_report=max(stood) > report.raised_at
    )


def _drove(first: EvidenceView, later: EvidenceView, place: RelativeBox, now: RelativeBox) -> bool:
    """It has left its first place, and was not at its later one before: a neighbour was."""
    return _same(first, later, place) is False and _same(first, later, now) is False


def _same(first: EvidenceView, later: EvidenceView, place: RelativeBox) -> bool | None:
    """Whether `place` looks the same in both, or altogether different; None where neither is so, or
    one does not show it."""
    there, then = first.to_pixels(place), later.to_pixels(place)
    if first.image is None or later.image is None:
        return None
    if not (_shows(first, there) and _shows(later, then)):
        return None
    same, compared = alike_parts((first.image, there), (later.image, then))
    if same >= _PARTS:
        return True
    return False if not same and compared >= _PARTS else None


def _shows(view: EvidenceView, box: Box) -> bool:
    x0, y0, x1, y1 = box
    width = min(x1, view.seen.width) - max(x0, 0.0)
    height = min(y1, view.seen.height) - max(y0, 0.0)
    return max(width, 0.0) * max(height, 0.0) >= _SHOWN * (x1 - x0) * (y1 - y0) > 0


def _way(place: RelativeBox, now: RelativeBox, view: EvidenceView) -> float:
    """From `place` to where it is `now`, in its longer side: of both places the larger one."""
    a, b = view.to_pixels(place), view.to_pixels(now)
    longer = max(a[2] - a[0], a[3] - a[1], b[2] - b[0], b[3] - b[1], 1e-9)
    across = (b[0] + b[2] - a[0] - a[2]) / 2
    down = (b[1] + b[3] - a[1] - a[3]) / 2
    return math.hypot(across, down) / longer
