"""A frame becomes the tensor that the network takes.

PURE. Letterbox or stretch, channel order, normalisation and quantisation are as manifest and tensor
say; the last two are one table look-up, made once per model by `plan`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.detect.signature import TensorSpec
from imaging.detections import FloatArray, Image
from imaging.letterbox import Letterbox, fit
from imaging.manifest import Input
from imaging.pixels import Numbers, is_raw, looked_up, normalisation, ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """The input's size, and what each pixel value becomes; None where it stays as it is."""

    size: Input
    table: Numbers | None


def plan(size: Input, spec: TensorSpec) -> Preparation:
    """How frames are prepared for the tensor `spec` of a manifest's input."""
    if is_raw(size):
        return Preparation(size=size, table=None)
    table = normalisation(size)
    if not spec.scale:
        return Preparation(size=size, table=table.astype(spec.dtype))
    return Preparation(size=size, table=_quantised(table, spec))


def prepare(
    image: Image, preparation: Preparation, aspect: float = 1.0
) -> tuple[Numbers, Letterbox]:
    """The tensor `[1, height, width, 3]` of the BGR `image`, and the way back for boxes.

    `aspect` is the width of a pixel of `image` in units of its height; the one resize makes up for
    it.
    """
    size = preparation.size
    canvas, box = fit(image, size.width, size.height, size.pad, size.resize, aspect)
    pixels = ordered(canvas, size.channels)
    tensor = pixels if preparation.table is None else looked_up(pixels, preparation.table)
    return tensor[None], box


def _quantised(table: FloatArray, spec: TensorSpec) -> Numbers:
    range_of = np.iinfo(spec.dtype)
    stored = np.clip(np.round(table / spec.scale) + spec.zero_point, range_of.min, range_of.max)
    quantised: Numbers = stored.astype(spec.dtype)
    return quantised
