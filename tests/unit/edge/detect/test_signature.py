"""A model whose tensors contradict its manifest is refused with what to correct."""

from typing import get_args

import pytest

from edge.detect.families import FAMILIES, open_family
from edge.detect.signature import Signature, TensorSpec, check_tensors
from imaging.manifest import Family, Input, Manifest, ModelError
from tests.models import manifest_of

SIZE = Input(width=64, height=32)


def spec(shape: tuple[int, ...], dtype: str = "uint8") -> TensorSpec:
    return TensorSpec(name="tensor", shape=shape, dtype=dtype, scale=0, zero_point=0)


def test_a_fitting_signature_passes() -> None:
    check_tensors(Signature(inputs=(spec((1, 32, 64, 3)),), outputs=(spec((1, 9)),)), SIZE, "m")


@pytest.mark.parametrize(
    ("inputs", "outputs", "fault"),
    [
        ((), (), "takes 0 inputs"),
        ((spec((1, 64, 32, 3)),), (), "correct input.width and input.height"),
        ((spec((2, 32, 64, 3)),), (), r"the manifest says \(1, 32, 64, 3\)"),
        ((spec((1, 32, 64, 3), "float32"),), (), "takes float32, the manifest says uint8"),
        ((spec((1, 32, 64, 3)),), (spec((1, 9), "int64"),), "gives tensor as int64"),
    ],
    ids=["no input", "turned", "batch", "dtype", "output"],
)
def test_a_misfit_is_named(
    inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], fault: str
) -> None:
    with pytest.raises(ModelError, match=fault):
        check_tensors(Signature(inputs=inputs, outputs=outputs), SIZE, "m")


def test_every_family_that_a_manifest_may_name_can_be_opened() -> None:
    assert set(FAMILIES) == set(get_args(Family))


@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_refuses_outputs_that_it_cannot_read(family: str) -> None:
    manifest = Manifest.model_validate(manifest_of(family=family))
    with pytest.raises(ModelError, match="outputs of shapes"):
        open_family(manifest, SIZE, [(1, 1000)])
