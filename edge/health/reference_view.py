"""The reference view of a camera: what does not change when people, light or weather do.

PURE. A picture is reduced to a field of edge directions, which light hardly changes, and to the
energy of its edges at two scales, which focus changes. Slow averages of both are the camera's
reference view; `compare` says how similar a picture is. Called by `camera_health`.

All maps have `(48, 64)` cells whatever the camera's size. A direction is a complex number with the
doubled angle, so that dark on light and light on dark agree, and a length of 0 (flat) to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from imaging.detections import GreyImage

FloatMap = npt.NDArray[np.float32]
DirectionMap = npt.NDArray[np.complex64]

SIZE = (160, 120)
"""Width and height at which pictures are compared: that of the motion gate."""

_CELLS = (64, 48)
_FLAT = 6.0
"""Grey levels per cell at which a direction has half its length. Sensor noise of 4 levels is 1.6
per cell of 2.5 x 2.5 pixels, so noise alone stays under 0.1."""

_FINE_PX, _COARSE_PX = 0.7, 1.5
"""Edges are measured after these Gaussians, the second on top of the first. The ratio of the two
gradients at an edge gives its blur (re-blurring, Zhuo and Sim, Pattern Recognition 44, 2011)."""

_WEAK_EDGE = 1.5
"""Grey levels per pixel after both Gaussians; five times what noise of 4 levels leaves there."""

_LEAST_LENGTH = 0.15
_STRUCTURED = 0.25
"""The view is recognised by its strongest quarter of cells, and never by weaker ones than this."""

_LEAST_CELLS = 60
"""2 % of the cells: fewer do not tell one view from another."""

_BEYOND_DOUBT = 0.7
"""From this correlation on, the picture need not be tried at other shifts."""

NEAR_CELLS = 2
"""A shift of up to 3 % of the width is still the same view: masts sway, zones hardly suffer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeFeatures:
    """The edges of one picture: `directions`, and their energy per cell after both Gaussians
    (`edge`) and across the two (`fine`): products of gradients, grey levels squared."""

    directions: DirectionMap
    edge: FloatMap
    fine: FloatMap


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceView:
    """What the camera usually shows: slow averages of the features of so many `pictures`,
    and since when."""

    directions: DirectionMap
    edge: FloatMap
    fine: FloatMap
    pictures: int
    began_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSimilarity:
    """How similar a picture is to a view.

    `agreement`: correlation of directions where the view has edges, 1 the same, 0 by chance;
    `shift_gains`: by how much the correlation of the whole is better at some shift than in place,
    searched only where agreement is low; `structure`: how much structure the whole picture
    has, as a share of the view's; `softer`: how many times wider edges are than usual, at the
    view's own edges, and `softer_all` at all of the picture's, None where there are too few to
    tell; `edgeless`: the view has edges enough, and the picture has not.
    """

    agreement: float
    shift_gains: float
    structure: float
    softer: float | None
    softer_all: float | None
    edgeless: bool


def resized(grey: GreyImage) -> GreyImage:
    """The picture at `SIZE`, whatever its own shape was."""
    if grey.shape == SIZE[::-1]:
        return grey
    return np.asarray(cv2.resize(grey, SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def edge_features(picture: GreyImage) -> EdgeFeatures:
    """Measure one picture of `SIZE`."""
    fine = _blurred(picture.astype(np.float32), _FINE_PX)
    coarse = _blurred(fine, _COARSE_PX)
    (fx, fy), (cx, cy) = _gradients(fine), _gradients(coarse)
    energy: FloatMap = cx * cx + cy * cy
    strong = (energy >= _WEAK_EDGE**2).astype(np.float32)
    return EdgeFeatures(
        directions=_directions(picture),
        edge=_per_cell(energy * strong),
        fine=_per_cell((fx * cx + fy * cy) * strong),
    )


def begin(seen: EdgeFeatures, now: float) -> ReferenceView:
    """A view known by one picture; `now` in monotonic seconds."""
    return ReferenceView(
        directions=seen.directions, edge=seen.edge, fine=seen.fine, pictures=1, began_at_s=now
    )


def update(view: ReferenceView, seen: EdgeFeatures, weight: float) -> ReferenceView:
    """The view after another picture: a plain mean at first, then a running average."""
    share = max(weight, 1 / (view.pictures + 1))

    def towards(
        old: npt.NDArray[np.generic], new: npt.NDArray[np.generic]
    ) -> npt.NDArray[np.generic]:
        return np.asarray(old + (new - old) * np.float32(share), old.dtype)  # type: ignore[operator]  # float or complex

    return ReferenceView(
        directions=np.asarray(towards(view.directions, seen.directions), np.complex64),
        edge=np.asarray(towards(view.edge, seen.edge), np.float32),
        fine=np.asarray(towards(view.fine, seen.fine), np.float32),
        pictures=view.pictures + 1,
        began_at_s=view.began_at_s,
    )


def compare(view: ReferenceView, seen: EdgeFeatures) -> ViewSimilarity | None:
    """How `seen` fits `view`; None if the view has too few edges to be recognised by."""
    length = np.abs(view.directions)
    least = max(_LEAST_LENGTH, float(np.quantile(length, 1 - _STRUCTURED)))
    structured = length >= least
    if int(structured.sum()) < _LEAST_CELLS:
        return None
    there = _correlation(seen.directions[structured], view.directions[structured])
    near = elsewhere = there
    if there < _BEYOND_DOUBT:
        near, elsewhere = _shifted(seen.directions, view.directions)
    everywhere = np.ones_like(structured)
    usual, now = _blur_px(view, everywhere), _blur_px(seen, everywhere)
    return ViewSimilarity(
        agreement=max(there, near),
        shift_gains=elsewhere - near,
        structure=float(np.abs(seen.directions).mean() / length.mean()),
        softer=_times(_blur_px(seen, structured), _blur_px(view, structured)),
        softer_all=_times(now, usual),
        edgeless=now is None and usual is not None,
    )


def _blurred(picture: FloatMap, sigma_px: float) -> FloatMap:
    size = 2 * round(3 * sigma_px) + 1
    return np.asarray(cv2.GaussianBlur(picture, (size, size), sigma_px), np.float32)


def _gradients(picture: FloatMap) -> tuple[FloatMap, FloatMap]:
    """Grey levels per pixel, across and down."""
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=1 / 8)
    return np.asarray(across, np.float32), np.asarray(
        cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=1 / 8), np.float32
    )


def _directions(picture: GreyImage) -> DirectionMap:
    small = cv2.resize(picture, _CELLS, interpolation=cv2.INTER_AREA)
    across, down = _gradients(small.astype(np.float32))
    power = across * across + down * down
    doubled = (across + 1j * down) ** 2
    return np.asarray(doubled / (power + np.float32(_FLAT**2)), np.complex64)


def _per_cell(pixels: FloatMap) -> FloatMap:
    return np.asarray(cv2.resize(pixels, _CELLS, interpolation=cv2.INTER_AREA), np.float32)


def _correlation(a: DirectionMap, b: DirectionMap) -> float:
    """Of two `(N,)` lists of directions, without what both have in common everywhere."""
    a, b = a - a.mean(), b - b.mean()
    power = float((np.abs(a) ** 2).sum() * (np.abs(b) ** 2).sum())
    return float((a * b.conj()).real.sum()) / math.sqrt(power) if power > 0 else 0.0


def _shifted(a: DirectionMap, b: DirectionMap) -> tuple[float, float]:
    """The best correlation within `NEAR_CELLS`, and at any shift."""
    a, b = a - a.mean(), b - b.mean()
    power = float((np.abs(a) ** 2).sum() * (np.abs(b) ** 2).sum())
    if power <= 0:
        return 0.0, 0.0
    at = np.fft.ifft2(np.fft.fft2(a) * np.fft.fft2(b).conj()).real / math.sqrt(power)
    near = np.roll(at, (NEAR_CELLS, NEAR_CELLS), (0, 1))[: 2 * NEAR_CELLS + 1, : 2 * NEAR_CELLS + 1]
    return float(near.max()), float(at.max())


def _times(now: float | None, usual: float | None) -> float | None:
    return None if usual is None or now is None else now / usual


def _blur_px(edges: EdgeFeatures | ReferenceView, where: npt.NDArray[np.bool_]) -> float | None:
    """Sigma of the blur of edges, pixels of `SIZE`, by the ratio of their gradients; None if on
    average fewer than 1 % of the pixels lie on an edge that counts at all."""
    fine, edge = float(edges.fine[where].sum()), float(edges.edge[where].sum())
    if edge < where.sum() * 0.01 * _WEAK_EDGE**2:
        return None
    ratio = max(fine / edge, 1.001)
    return _COARSE_PX / math.sqrt(ratio * ratio - 1)
