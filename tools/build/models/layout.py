"""Where the axes of an image tensor lie when a graph written for NCHW is run in NHWC.

PURE. `axes[i]` is the stored axis of logical axis i. Transposing a tensor then only changes its
axes, and nothing moves in memory; a graph of 83 transposes runs without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Axes = tuple[int, int, int, int]
Number = TypeVar("Number", bound=np.generic)

NHWC: Axes = (0, 1, 2, 3)
"""Stored as its graph sees it."""
NCHW: Axes = (0, 3, 1, 2)
"""The graph sees channels second; they are stored last."""


def transposed(axes: Axes, permutation: Sequence[int]) -> Axes:
    """The axes after a logical transpose: new logical axis i is old logical axis permutation[i]."""
    first, second, third, fourth = (axes[int(axis)] for axis in permutation)
    return first, second, third, fourth


def as_stored(constant: npt.NDArray[Number], axes: Axes) -> npt.NDArray[Number]:
    """A logical constant, turned so that it broadcasts against a tensor stored with `axes`."""
    if constant.ndim == 0 or axes == NHWC:
        return constant
    padded = constant.reshape((1,) * (4 - constant.ndim) + constant.shape)
    return padded.transpose(np.argsort(axes))


def rows_as_stored(rows: npt.NDArray[Number], axes: Axes) -> npt.NDArray[Number]:
    """A table with a row per logical axis (paddings), with a row per stored axis instead."""
    return rows[np.argsort(axes)]
