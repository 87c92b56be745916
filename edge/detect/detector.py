"""Detection on the edge: a model, an interpreter, and the way from a frame to detections.

SHELL. `open_detector` trusts nothing: the manifest must parse, the file must have its hash, tensors
must fit, and the self-test must pass. A `TfliteDetector` belongs to one thread. Called by the
composition root, once per analysis thread; the second and later ones are given the first one's
`runtime`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.detect.families import Decode, open_family
from edge.detect.heap import keep_freed_memory
from edge.detect.prepare import Preparation, plan, prepare
from edge.detect.runner import Runner, importable, open_runner
from edge.detect.runtimes import Choice, Runtime, choose, configured
from edge.detect.signature import check_tensors
from edge.errors import InferenceError
from imaging.decoders.tensor import Tensor
from imaging.detections import Detections, Image
from imaging.letterbox import Letterbox
from imaging.manifest import (
    Input,
    Manifest,
    ModelError,
    Thresholds,
    find_model,
    read_manifest,
    verify,
    weights_path,
)
from imaging.naming import OutputError, detections_of
from imaging.pools import vehicle_pools
from imaging.self_test import picture_of, require


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeModel:
    """A model whose file has the size and hash of its manifest."""

    folder: Path
    file: Path
    manifest: Manifest
    size: Input


class TfliteDetector:
    """One model on one interpreter, for one thread."""

    def __init__(
        self,
        *,
        model: EdgeModel,
        runner: Runner,
        min_score: float,
        choice: Choice,
        vehicle_sum: bool = True,
    ) -> None:
        manifest, signature = model.manifest, runner.signature
        check_tensors(signature, model.size, manifest.name)
        self.name = manifest.name
        self.sha256 = manifest.sha256
        self.choice = choice
        self.runner = runner
        self._labels = manifest.labels
        self._thresholds = manifest.thresholds.model_copy(update={"score": min_score})
        self._preparation: Preparation = plan(model.size, signature.inputs[0])
        self._plain: Decode = open_family(manifest, model.size, signature.shapes)
        pools = vehicle_pools(manifest.labels) if vehicle_sum else None
        self._decode: Decode = open_family(manifest, model.size, signature.shapes, pools)
        self._size = (model.size.width, model.size.height)

    @property
    def runtime(self) -> Runtime:
        """The runtime in use; give it to `open_detector` for further threads."""
        return self.choice.runtime

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height in pixels that the network takes."""
        return self._size

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:
        """What the whole BGR `image` shows, in its pixels, scored at least `min_score`.

        `aspect` is the width of its pixels in units of their height.
        Raises `InferenceError` where the interpreter fails or its numbers are no boxes, and
        `ModelError` where it finds a class that the manifest has no label for.
        """
        tensor, box = prepare(image, self._preparation, aspect)
        return self._read(self._decode, self.runner.run(tensor), self._thresholds, box)

    def _read(
        self, decode: Decode, outputs: Sequence[Tensor], thresholds: Thresholds, box: Letterbox
    ) -> Detections:
        try:
            return detections_of(decode(outputs, thresholds), box, self._labels)
        except OutputError as error:
            raise InferenceError(f"model {self.name}: {error}") from error

    def pass_self_test(self, model: EdgeModel) -> None:
        """Detect in the model's own picture, at the manifest's threshold; raises `ModelError`.

        Every class stands for itself, as when the manifest's scores were taken.
        """
        tensor, box = prepare(picture_of(model.folder, model.manifest), self._preparation)
        try:
            outputs = self.runner.run(tensor)
            found = self._read(self._plain, outputs, model.manifest.thresholds, box)
            require(model.manifest, found)
        except InferenceError as error:
            raise ModelError(f"model {self.name} fails its self-test: {error}") from error


def open_detector(
    model: str,
    runtime: Literal["auto", "tflite", "litert"],
    threads: int,
    min_score: float,
    vehicle_sum: bool = True,
) -> TfliteDetector:
    """The detector for a shipped model's name or a folder with a manifest.

    `auto` takes the first runtime in the order of preference that passes the model's self-test:
    `TfliteDetector.choice` says which and why. Raises `ModelError` with what does not fit.
    """
    keep_freed_memory()
    verified = load_model(model)
    if runtime != "auto":
        return _assemble(verified, configured(runtime), threads, min_score, vehicle_sum)
    return choose(
        importable(), lambda choice: _assemble(verified, choice, threads, min_score, vehicle_sum)
    )


def load_model(model: str) -> EdgeModel:
    """Find, read and verify; raises `ModelError`."""
    folder = find_model(model)
    manifest = read_manifest(folder)
    if manifest.role != "edge" or manifest.input is None:
        raise ModelError(f"model {manifest.name} is for the cloud; the edge needs a tflite model")
    verify(folder, manifest)
    file = weights_path(folder, manifest)
    return EdgeModel(folder=folder, file=file, manifest=manifest, size=manifest.input)


def _assemble(
    model: EdgeModel, choice: Choice, threads: int, min_score: float, vehicle_sum: bool = True
) -> TfliteDetector:
    runner = open_runner(model.file, choice.runtime, threads)
    detector = TfliteDetector(
        model=model, runner=runner, min_score=min_score, choice=choice, vehicle_sum=vehicle_sum
    )
    detector.pass_self_test(model)
    return detector
