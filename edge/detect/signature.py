"""What an interpreter says of its model's tensors, and whether that fits the manifest.

PURE.
"""

from __future__ import annotations

from dataclasses import dataclass

from imaging.manifest import Input, ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """One tensor: shape with batch; `real = (stored - zero_point) * scale`, scale 0 for floats."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """All tensors that go in and come out, in the order in which the network makes them."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the outputs, with batch."""
        return tuple(spec.shape for spec in self.outputs)


READABLE = ("float32", "int8", "uint8")


def check_tensors(signature: Signature, size: Input, name: str) -> None:
    """The one input is what the manifest says, and outputs are of a known type, else `ModelError`.

    Whether the outputs mean anything is the family's question.
    """
    expected = (1, size.height, size.width, 3)
    if len(signature.inputs) != 1:
        raise ModelError(
            f"model {name} takes {len(signature.inputs)} inputs, needed is one picture"
        )
    only = signature.inputs[0]
    if only.shape != expected:
        raise ModelError(
            f"model {name} takes {only.shape}, the manifest says {expected} (batch, height, width, "
            "channels); correct input.width and input.height"
        )
    if only.dtype != size.dtype:
        raise ModelError(
            f"model {name} takes {only.dtype}, the manifest says {size.dtype}; correct input.dtype"
        )
    strange = [spec for spec in signature.outputs if spec.dtype not in READABLE]
    if strange:
        raise ModelError(
            f"model {name} gives {strange[0].name} as {strange[0].dtype}; needed is one of "
            f"{', '.join(READABLE)}"
        )
