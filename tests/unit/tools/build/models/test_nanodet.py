"""Folding the normalisation into the first convolution changes nothing inside the picture."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imaging.detections import FloatArray
from tools.build.models.nanodet import SCALAR_MEAN, SCALAR_STD, TRAINED, Normalisation, folded

FED = Normalisation(mean=(SCALAR_MEAN,) * 3, std=(SCALAR_STD,) * 3)


def normalised(pixels: FloatArray, how: Normalisation) -> FloatArray:
    scaled: FloatArray = (pixels - np.array(how.mean)) / np.array(how.std)
    return scaled


def convolved(pixels: FloatArray, kernel: FloatArray, bias: FloatArray) -> FloatArray:
    """A 3x3 convolution without padding, written out."""
    rows, columns = pixels.shape[0] - 2, pixels.shape[1] - 2
    patches = [
        pixels[row : row + rows, column : column + columns] @ kernel[row, column]
        for row in range(3)
        for column in range(3)
    ]
    total: FloatArray = np.sum(patches, axis=0) + bias
    return total


@given(st.integers(0, 2**32 - 1))
def test_the_first_convolution_gives_the_same_sums(seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (6, 7, 3)).astype(np.float32)
    kernel = random.normal(size=(3, 3, 3, 4)).astype(np.float32)
    bias = random.normal(size=4).astype(np.float32)
    trained = convolved(normalised(pixels, TRAINED), kernel, bias)
    fed = convolved(normalised(pixels, FED), *folded(kernel, bias, TRAINED, FED))
    np.testing.assert_allclose(fed, trained, atol=2e-5)


def test_a_normalisation_that_stays_changes_no_weight() -> None:
    kernel = np.random.default_rng(7).normal(size=(3, 3, 3, 2)).astype(np.float32)
    bias = np.array([1.0, -1.0], np.float32)
    same_kernel, same_bias = folded(kernel, bias, TRAINED, TRAINED)
    np.testing.assert_array_equal(same_kernel, kernel)
    np.testing.assert_array_equal(same_bias, bias)
