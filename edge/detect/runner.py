"""SEAM: the inference runtime. One adapter over two interpreters with the same interface.

`tflite_runtime` is the base; `ai_edge_litert` is its successor. A `Runner` belongs to one thread
and its outputs are copies. Keep few alive at once: idle thread pools disturb each other.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from edge.detect.runtimes import MODULES, PACKAGES, Runtime
from edge.detect.signature import Signature, TensorSpec
from edge.errors import InferenceError
from imaging.decoders.tensor import Raw, Tensor
from imaging.manifest import ModelError
from imaging.pixels import Numbers


class Interpreter(Protocol):
    """The part of both interpreters that is used; a detail is a dict of theirs."""

    def allocate_tensors(self) -> None: ...
    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def set_tensor(self, index: int, value: Numbers) -> None: ...
    def invoke(self) -> None: ...
    def get_tensor(self, index: int) -> Raw: ...


class Runner:
    """One interpreter with one model."""

    def __init__(self, interpreter: Interpreter, runtime: Runtime) -> None:
        inputs = interpreter.get_input_details()
        # An operator with several outputs makes them in its own order, and the tensors are numbered
        # so; the order in which the file lists its outputs is the exporter's whim.
        outputs = sorted(interpreter.get_output_details(), key=lambda detail: detail["index"])
        self.runtime = runtime
        self.signature = Signature(inputs=_specs(inputs), outputs=_specs(outputs))
        self._interpreter = interpreter
        self._input = int(inputs[0]["index"])
        self._outputs = [int(detail["index"]) for detail in outputs]

    def run(self, tensor: Numbers) -> tuple[Tensor, ...]:
        """The outputs for `tensor` (of the signature's input), with batch, as copies.

        Raises `InferenceError`.
        """
        try:
            self._interpreter.set_tensor(self._input, tensor)
            self._interpreter.invoke()
            values = [self._interpreter.get_tensor(index) for index in self._outputs]
        except (RuntimeError, ValueError) as error:
            raise InferenceError(f"{PACKAGES[self.runtime]} failed: {error}") from error
        return tuple(
            Tensor(values=value, scale=spec.scale, zero_point=spec.zero_point)
            for value, spec in zip(values, self.signature.outputs, strict=True)
        )

    def invoke(self) -> None:
        """The interpreter alone, once more on the last input; for benchmarks."""
        self._interpreter.invoke()


def importable() -> tuple[Runtime, ...]:
    """The runtimes that this installation has."""
    return tuple(runtime for runtime in MODULES if _imports(runtime))


def open_runner(file: Path, runtime: Runtime, threads: int) -> Runner:
    """The `.tflite` in `file`, loaded and allocated; raises `ModelError`."""
    if not _imports(runtime):
        raise ModelError(
            f"runtime {runtime} was asked for, but {PACKAGES[runtime]} is not installed; install "
            "it, or set detect.runtime to auto"
        )
    module: Any = importlib.import_module(MODULES[runtime])
    try:
        interpreter: Any = module.Interpreter(model_path=str(file), num_threads=threads)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"{PACKAGES[runtime]} cannot load {file}: {error}; export the model for it, or choose "
            "another runtime"
        ) from error
    return Runner(cast(Interpreter, interpreter), runtime)


def _imports(runtime: Runtime) -> bool:
    try:
        importlib.import_module(MODULES[runtime])
    except ImportError:
        return False
    return True


def _specs(details: Sequence[dict[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            name=str(detail["name"]),
            shape=tuple(int(side) for side in detail["shape"]),
            dtype=detail["dtype"].__name__,
            scale=float(detail["quantization"][0]),
            zero_point=int(detail["quantization"][1]),
        )
        for detail in details
    )
