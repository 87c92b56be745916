"""SEAM: the model family. What an edge network's outputs mean, by the family of its manifest.

PURE. To open a family is to check the signature against the manifest (`ModelError` with what does
not fit) and to get a function from the outputs of one invoke to candidates on the canvas. A new
family is a decoder in `imaging.decoders`, a name in `imaging.manifest.Family` and a line in
`FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from imaging.boxes import Candidates
from imaging.decoders import nanodet, ssd, yolo
from imaging.decoders.tensor import Tensor
from imaging.detections import IntArray
from imaging.manifest import Family, Input, Manifest, ModelError, Thresholds
from imaging.naming import OutputError

Shapes = Sequence[tuple[int, ...]]
Decode = Callable[[Sequence[Tensor], Thresholds], Candidates]
Open = Callable[[Shapes, Input, int, IntArray | None], Decode]


def open_family(
    manifest: Manifest, size: Input, shapes: Shapes, pools: IntArray | None = None
) -> Decode:
    """The decode function of the manifest's family for outputs of `shapes` (with batch).

    With `pools` (see `imaging.pools`) classes of one pool are summed; without, every class stands
    for itself, as the network was measured and compared with its original.
    """
    if manifest.family is None:
        raise ModelError(f"model {manifest.name} names no family; it is no model for the edge")
    return FAMILIES[manifest.family](shapes, size, len(manifest.labels), pools)


def _nanodet(shapes: Shapes, size: Input, classes: int, pools: IntArray | None) -> Decode:
    heads = nanodet.layout(shapes, size.width, size.height, classes)
    return lambda tensors, thresholds: nanodet.decode(
        _single(_numbers(tensors)), heads, thresholds, pools
    )


def _ssd(shapes: Shapes, size: Input, _classes: int, pools: IntArray | None) -> Decode:
    ssd.check_shapes(shapes)
    width, height = size.width, size.height
    return lambda tensors, thresholds: ssd.decode(tensors, width, height, thresholds, pools)


def _yolo(shapes: Shapes, size: Input, classes: int, pools: IntArray | None) -> Decode:
    form = yolo.layout(shapes, classes)

    def decode(tensors: Sequence[Tensor], thresholds: Thresholds) -> Candidates:
        tensor = _numbers(tensors)[0].one(0)
        return yolo.decode(tensor, form, size.width, size.height, thresholds, pools)

    return decode


def _numbers(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """Raises `OutputError` for NaN, which passes no threshold and would mean that nothing is there.

    Not for an SSD, whose rows beyond the count are garbage; its own check finds the others.
    """
    if not all(tensor.is_numbers() for tensor in tensors):
        raise OutputError("the network gave numbers that are none (NaN)")
    return tensors


def _single(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [tensor.one(0) for tensor in tensors]


FAMILIES: Mapping[Family, Open] = {"nanodet": _nanodet, "ssd": _ssd, "yolo": _yolo}
