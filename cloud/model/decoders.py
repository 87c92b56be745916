"""What a cloud network's outputs mean, by the decoder of its manifest.

PURE. To open a decoder is to check the outputs against the manifest (`ModelError` with what does
not fit) and to get a function from one picture's outputs to candidates on the canvas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from imaging.boxes import Candidates
from imaging.decoders import centernet, nanodet, scored_boxes, tf_od
from imaging.decoders.tensor import Tensor
from imaging.detections import FloatArray
from imaging.manifest import Decoder, Input, Manifest, ModelError, Thresholds

Outputs = Mapping[str, FloatArray]
"""By name: of a batch, or of one picture and then without the batch's axis."""
OutputShapes = Mapping[str, tuple[int, ...]]
DecodePicture = Callable[[Outputs, Thresholds], Candidates]


def open_decoder(manifest: Manifest, size: Input, shapes: OutputShapes) -> DecodePicture:
    """The decode function of the manifest's decoder for outputs of `shapes` (with batch)."""
    opener = DECODERS.get(manifest.decoder) if manifest.decoder else None
    if opener is None:
        raise ModelError(f"model {manifest.name}: a savedmodel cannot have {manifest.decoder!r}")
    return opener(shapes, size, len(manifest.labels))


def _centernet(shapes: OutputShapes, size: Input, classes: int) -> DecodePicture:
    names = sorted(shapes)
    pair = centernet.layout([shapes[name] for name in names], size.width, size.height, classes)
    return lambda outputs, thresholds: centernet.decode(_tensors(outputs, names), pair, thresholds)


def _nanodet(shapes: OutputShapes, size: Input, classes: int) -> DecodePicture:
    names = sorted(shapes)
    heads = nanodet.layout([shapes[name] for name in names], size.width, size.height, classes)
    return lambda outputs, thresholds: nanodet.decode(_tensors(outputs, names), heads, thresholds)


def _tf_od(shapes: OutputShapes, size: Input, _classes: int) -> DecodePicture:
    tf_od.check(shapes)
    return lambda outputs, thresholds: tf_od.decode(outputs, size.width, size.height, thresholds)


def _scored_boxes(shapes: OutputShapes, size: Input, classes: int) -> DecodePicture:
    scored_boxes.check(shapes, classes)
    return lambda outputs, thresholds: scored_boxes.decode(
        outputs, size.width, size.height, thresholds
    )


def _tensors(outputs: Outputs, names: list[str]) -> list[Tensor]:
    return [Tensor(values=outputs[name]) for name in names]


DECODERS: Mapping[Decoder, Callable[[OutputShapes, Input, int], DecodePicture]] = {
    "centernet": _centernet,
    "nanodet": _nanodet,
    "scored_boxes": _scored_boxes,
    "tf_od": _tf_od,
}
