"""One TensorFlow SavedModel: pictures in, detections out.

SHELL. TensorFlow is imported when the first network is opened, quietly. What does not fit its
manifest is refused with the reason. Called by `cloud.model.full_model`.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from cloud.model.decoders import DecodePicture, Outputs, open_decoder
from cloud.model.framing import LEAST_PX, framed, unframed
from imaging.detections import Detections, FloatArray, Image
from imaging.letterbox import Letterbox, fit
from imaging.manifest import Input, Manifest, ModelError, Thresholds, verify, weights_path
from imaging.naming import OutputError, detections_of
from imaging.pixels import Numbers, is_raw, looked_up, normalisation, ordered
from imaging.self_test import picture_of, require

BATCH = 8
"""Pictures per call where the network takes several; bounds the memory."""


class FullModelError(Exception):
    """TensorFlow failed on a picture, or gave numbers that are no boxes."""


class Network:
    """A verified SavedModel with its decoder. Use it from one thread."""

    def __init__(self, folder: Path, manifest: Manifest, threads: int) -> None:
        if manifest.input is None:
            raise ModelError(f"model {manifest.name} names no input; it cannot stand alone")
        verify(folder, manifest)
        self.manifest = manifest
        self._size = manifest.input
        self._tensorflow = start_tensorflow(threads)
        self._module, self._serve = _loaded(self._tensorflow, weights_path(folder, manifest))
        self._name, self._batch = _checked_input(self._serve, manifest, self._size)
        picture = picture_of(folder, manifest)
        self._decode: DecodePicture = open_decoder(
            manifest, self._size, _shapes(self._outputs_of(picture))
        )
        require(manifest, self.detect([picture])[0])

    def close_ups(self, images: Sequence[Image]) -> list[Detections]:
        """As `detect`, for pictures of one thing, which are not enlarged too far."""
        least_px = self._size.close_up_px
        laid = [framed(image, LEAST_PX if least_px is None else least_px) for image in images]
        found = self.detect([image for image, _ in laid])
        return [unframed(one, offset) for one, (_, offset) in zip(found, laid, strict=True)]

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """What each BGR image shows, in its pixels, at the manifest's thresholds.

        Raises `FullModelError`.
        """
        found: list[Detections] = []
        for start in range(0, len(images), self._batch):
            found += self._detect_batch(images[start : start + self._batch])
        return found

    def _detect_batch(self, images: Sequence[Image]) -> list[Detections]:
        prepared = [_prepared(image, self._size) for image in images]
        outputs = self._run(_stacked([tensor for tensor, _ in prepared]))
        thresholds = self.manifest.thresholds
        return [
            self._named({name: value[k] for name, value in outputs.items()}, box, thresholds)
            for k, (_, box) in enumerate(prepared)
        ]

    def _named(self, outputs: Outputs, box: Letterbox, thresholds: Thresholds) -> Detections:
        try:
            return detections_of(self._decode(outputs, thresholds), box, self.manifest.labels)
        except OutputError as error:
            raise FullModelError(f"model {self.manifest.name}: {error}") from error

    def _outputs_of(self, picture: Image) -> Outputs:
        try:
            return self._run(_stacked([_prepared(picture, self._size)[0]]))
        except FullModelError as error:
            raise ModelError(f"{error}; the SavedModel does not run, export it again") from error

    def _run(self, batch: Numbers) -> dict[str, FloatArray]:
        tensorflow = self._tensorflow
        try:
            outputs = self._serve(**{self._name: tensorflow.constant(batch)})
            return {name: np.asarray(value.numpy(), np.float32) for name, value in outputs.items()}
        except tensorflow.errors.OpError as error:
            raise FullModelError(f"model {self.manifest.name}: {error.message}") from error


def start_tensorflow(threads: int) -> Any:
    """The module `tensorflow`, quiet, with `threads` within an operation (0: one per core).

    The number holds for the process; a second, different one is a `ValueError`.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        tensorflow: Any = importlib.import_module("tensorflow")
    except ImportError as error:
        raise ModelError(
            f"TensorFlow cannot be imported ({error}); install stillwatch[cloud]"
        ) from error
    tensorflow.get_logger().setLevel("ERROR")
    threading = tensorflow.config.threading
    if threads != threading.get_intra_op_parallelism_threads():
        try:
            threading.set_intra_op_parallelism_threads(threads)
        except RuntimeError as error:
            raise ValueError(
                f"TensorFlow runs already, with other than {threads} threads"
            ) from error
    return tensorflow


def _loaded(tensorflow: Any, path: Path) -> tuple[Any, Any]:
    """The module (which must stay referenced) and its serving function."""
    try:
        module = tensorflow.saved_model.load(str(path))
    except (OSError, ValueError, tensorflow.errors.OpError) as error:
        raise ModelError(
            f"{path} cannot be loaded: {error}; export it again as a SavedModel"
        ) from error
    names = list(module.signatures)
    if "serving_default" not in names and len(names) != 1:
        raise ModelError(
            f"{path} has the signatures {names}; needed is serving_default, or just one"
        )
    name = "serving_default" if "serving_default" in names else names[0]
    return module, module.signatures[name]


def _checked_input(serve: Any, manifest: Manifest, size: Input) -> tuple[str, int]:
    """The name of the one input, and how many pictures it takes at once; or `ModelError`."""
    inputs: Mapping[str, Any] = serve.structured_input_signature[1]
    if len(inputs) != 1:
        raise ModelError(f"model {manifest.name} takes {sorted(inputs)}, needed is one picture")
    [(name, spec)] = inputs.items()
    batch, *rest = spec.shape.as_list() if spec.shape.rank == 4 else [0]
    wanted = [size.height, size.width, 3]
    fits = len(rest) == 3 and all(a in (None, b) for a, b in zip(rest, wanted, strict=True))
    if not fits:
        raise ModelError(
            f"model {manifest.name} takes {spec.shape}, the manifest says [batch, {size.height}, "
            f"{size.width}, 3]; correct input.width and input.height"
        )
    if spec.dtype.name != size.dtype:
        raise ModelError(
            f"model {manifest.name} takes {spec.dtype.name}, the manifest says {size.dtype}; "
            "correct input.dtype"
        )
    return name, BATCH if batch is None else int(batch)


def _prepared(image: Image, size: Input) -> tuple[Numbers, Letterbox]:
    canvas, box = fit(image, size.width, size.height, size.pad, size.resize)
    pixels = ordered(canvas, size.channels)
    if is_raw(size):
        return pixels, box
    table: Numbers = normalisation(size).astype(size.dtype)
    return looked_up(pixels, table), box


def _stacked(tensors: Sequence[Numbers]) -> Numbers:
    return cast(Numbers, np.stack(tensors))


def _shapes(outputs: Outputs) -> dict[str, tuple[int, ...]]:
    return {name: value.shape for name, value in outputs.items()}
