"""Where the network searches closely: square crops around small objects, few per frame.

PURE. A network finds an object by its size on the network's input, and a frame shrunk to that input
leaves little of a person far away. A region that moves, or where a track is expected, becomes a
square crop in which it is large enough, unless the whole frame shows it as well. Regions near each
other share a crop; those that waited longest come first, so none starves. Boxes are xyxy in pixels
of the frame; inside, everything is computed with square pixels. Called by `detect_frame`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imaging.polygons import Box

WANTED_PX = 75.0
"""Height on the network's input at which a person is found best. On persons cut from labelled
stills and put back small, recall rose up to 60 to 90 px on the input and fell beyond."""

MOST_ZOOM = 3.0
"""Pixels of the input per pixel of the frame. In the same measurement, persons of 16 to 30 px were
found in 6 to 42 % at 1, 24 to 75 % at 2, 38 to 77 % at 3, and in fewer at 4."""

LEAST_GAIN = 1.3
"""A crop must enlarge by so much over the whole frame to be worth an inference: recall rises by
about half per such step where persons are small, and by nothing measurable where they are not."""

_LENIENCE = (1.35, 2.0, MOST_ZOOM)
"""Regions share a crop if that makes it no larger than so many times the size best for each: as
close as the number of crops allows, in the end at the frame's own resolution. A third of the zoom
on everybody finds more than all of it on every third: walkers of 20 to 26 px on the input are
already found in nine of ten frames where the ground is plain."""

_ROOM = 1.5
"""A crop is at least so many times the size of an object: around it the network needs ground."""

_SHARED_ROOM = 1.15
"""The same for a group of objects, whose outermost need no more than not to be cut."""

_TILE_SHARE = 0.55
"""Where nothing says where to search, tiles of a bit over half the frame's longer side (so that
they overlap) or the network's input, whichever is less: at least 1.8 times the whole frame's
scale."""

_LONGEST_WAIT_S = 30.0
_HALF_SEEN = 0.2
_MOST_REGIONS = 32
_REMEMBERED = 64
"""Crops whose time is remembered: half a minute of two crops a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRegion:
    """A box in which something is to be looked for. `urgency` multiplies its time of waiting: what
    moves counts more than a track that is expected, and that more than a region picked by turns."""

    box: Box
    urgency: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CropHistory:
    """Where the network searched lately: crops with their times, the last whole frame's time, and
    how many tiles had their turn."""

    crops: tuple[tuple[Box, float], ...] = ()
    whole_at_s: float = float("-inf")
    tile: int = 0

    def after(self, crops: Iterable[Box], whole: bool, now: float, tiles: int = 0) -> CropHistory:
        """The history after a detection in `crops`, and in the whole frame if `whole`; so many of
        the crops were the next `tiles` in turn."""
        kept = (*self.crops, *((crop, now) for crop in crops))[-_REMEMBERED:]
        whole_at_s = now if whole else self.whole_at_s
        return CropHistory(crops=kept, whole_at_s=whole_at_s, tile=self.tile + tiles)

    def waited_s(self, box: Box, now: float) -> float:
        """Since a crop last held the middle of `box`, as objects move on between two detections,
        and a share of the time since one held all of it, or a region would starve beside a crop
        that always shows half of it."""
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        whole_s = self._since(box, now)
        return (1 - _HALF_SEEN) * self._since((x, y, x, y), now) + _HALF_SEEN * whole_s

    def _since(self, box: Box, now: float) -> float:
        """Seconds since a crop last held `box`; at most half a minute."""
        seen = (at for crop, at in self.crops if covered(box, (crop,)))
        return min(now - max(seen, default=float("-inf")), _LONGEST_WAIT_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameGeometry:
    """A frame of `width` x `height` pixels and the input of the network, `input_px` (shorter side).

    `aspect` is the width of a pixel in units of its height.
    """

    width: int
    height: int
    aspect: float
    input_px: int

    @property
    def zoom(self) -> float:
        """Pixels of the input per (square) pixel of the whole frame."""
        return self.input_px / max(self.width * self.aspect, self.height)

    def squared(self, box: Box) -> Box:
        return (box[0] * self.aspect, box[1], box[2] * self.aspect, box[3])

    def stored(self, box: Box) -> Box:
        return (box[0] / self.aspect, box[1], box[2] / self.aspect, box[3])


@dataclass(frozen=True, slots=True)
class _CropRequest:
    """A region with square pixels, and the side of the crop that would show it best."""

    box: Box
    side: float
    size: float


def plan(
    regions: Sequence[SearchRegion],
    geometry: FrameGeometry,
    history: CropHistory,
    now: float,
    most: int,
) -> tuple[Box, ...]:
    """At most `most` crops, in whole pixels within the frame, for the regions that gain by one."""
    waiting = sorted(
        (region for region in regions if gains(region.box, geometry)),
        key=lambda region: -region.urgency * history.waited_s(region.box, now),
    )
    requests = [_request(region.box, geometry) for region in waiting[:_MOST_REGIONS]]
    crops: list[Box] = []
    for lenience in _LENIENCE:
        crops, left = _cut_out(requests, geometry, most, lenience)
        if not left:
            break
    return tuple(_whole_pixels(_within(crop, geometry), geometry) for crop in crops)


def gains(box: Box, geometry: FrameGeometry) -> bool:
    """Whether a crop would show what is in `box` notably larger than the whole frame does."""
    request = _request(box, geometry)
    return geometry.input_px / request.side >= LEAST_GAIN * geometry.zoom


def covered(box: Box, crops: Iterable[Box]) -> bool:
    """Whether one of `crops` holds all of `box`."""
    x0, y0, x1, y1 = box
    return any(c[0] <= x0 and c[1] <= y0 and c[2] >= x1 and c[3] >= y1 for c in crops)


def tiles(geometry: FrameGeometry) -> tuple[Box, ...]:
    """Boxes that cover the frame, for detections where nothing says where to search."""
    wide, high = geometry.width * geometry.aspect, float(geometry.height)
    side = min(geometry.input_px, _TILE_SHARE * max(wide, high))
    return tuple(
        geometry.stored((x, y, min(x + side, wide), min(y + side, high)))
        for y in _starts(high, side)
        for x in _starts(wide, side)
    )


def tile_crops(geometry: FrameGeometry, history: CropHistory, most: int) -> tuple[Box, ...]:
    """The next `most` tiles in turn, as crops. They have a turn of their own, apart from the crops
    around what moves, so that each is visited once in as many frames as there are tiles over
    `most`, whatever happens elsewhere: with two of 60 tiles of a UHD frame per frame, in 30
    frames."""
    if geometry.zoom >= MOST_ZOOM:
        return ()
    crops = [_whole_pixels(geometry.squared(tile), geometry) for tile in tiles(geometry)]
    number = min(most, len(crops))
    return tuple(crops[(history.tile + n) % len(crops)] for n in range(number))


def _starts(length: float, side: float) -> list[float]:
    """Where tiles of `side` begin so that they cover `length` evenly."""
    count = max(1, math.ceil(length / side - 1e-6))
    step = (length - side) / (count - 1) if count > 1 else 0.0
    return [max(0.0, step * n) for n in range(count)]


def _request(box: Box, geometry: FrameGeometry) -> _CropRequest:
    squared = geometry.squared(box)
    size = max(squared[2] - squared[0], squared[3] - squared[1], 1.0)
    zoom = min(WANTED_PX / size, MOST_ZOOM)
    side = max(geometry.input_px / zoom, _ROOM * size)
    return _CropRequest(box=squared, side=side, size=size)


def _cut_out(
    requests: Sequence[_CropRequest], geometry: FrameGeometry, most: int, lenience: float
) -> tuple[list[Box], list[_CropRequest]]:
    """At most `most` squares for the first requests, and the requests that none of them holds."""
    widest = geometry.input_px / (LEAST_GAIN * geometry.zoom)
    crops: list[Box] = []
    left = list(requests)
    while left and len(crops) < most:
        crop, taken = _gather(left, lenience, widest)
        crops.append(crop)
        left = [request for request in left if request not in taken]
    return crops, left


def _gather(
    requests: Sequence[_CropRequest], lenience: float, widest: float
) -> tuple[Box, list[_CropRequest]]:
    """A square around the first request and as many others as it may hold; none over `widest`."""
    taken = [requests[0]]
    union, limit = requests[0].box, min(lenience * requests[0].side, widest)
    for request in requests[1:]:
        joined = _union(union, request.box)
        extent = max(joined[2] - joined[0], joined[3] - joined[1])
        fits = min(limit, lenience * request.side)
        if extent * _SHARED_ROOM <= fits:
            union, limit = joined, fits
            taken.append(request)
    extent = max(union[2] - union[0], union[3] - union[1])
    side = max(min(request.side for request in taken), extent * _SHARED_ROOM)
    return _square(union, side), taken


def _union(a: Box, b: Box) -> Box:
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))


def _square(box: Box, side: float) -> Box:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return (x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def _within(box: Box, geometry: FrameGeometry) -> Box:
    """`box` moved, and where it is too large cut, into the frame."""
    x0, x1 = _shifted(box[0], box[2], geometry.width * geometry.aspect)
    y0, y1 = _shifted(box[1], box[3], float(geometry.height))
    return (x0, y0, x1, y1)


def _shifted(low: float, high: float, limit: float) -> tuple[float, float]:
    length = min(high - low, limit)
    start = min(max(low, 0.0), limit - length)
    return start, start + length


def _whole_pixels(box: Box, geometry: FrameGeometry) -> Box:
    """`box` (square pixels) in stored pixels, rounded outwards within the frame."""
    x0, y0, x1, y1 = geometry.stored(box)
    return (
        float(max(0, math.floor(x0 + 1e-6))),
        float(max(0, math.floor(y0 + 1e-6))),
        float(min(geometry.width, math.ceil(x1 - 1e-6))),
        float(min(geometry.height, math.ceil(y1 - 1e-6))),
    )
