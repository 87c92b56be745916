"""From a BGR canvas to the numbers that a network wants, by one table look-up per channel.

PURE. Called by the edge's and the cloud's preparation. A table is `(256, 3)`, indexed by pixel
value and by the channel in the network's own order.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from imaging.detections import FloatArray, Image
from imaging.manifest import Input

Numbers = npt.NDArray[np.uint8] | npt.NDArray[np.int8] | npt.NDArray[np.float32]


def ordered(image: Image, channels: Literal["rgb", "bgr"]) -> Image:
    """The BGR `image` with its channels in the network's order."""
    if channels == "bgr":
        return image
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def normalisation(size: Input) -> FloatArray:
    """The table of `(value - mean) / std`."""
    values = np.arange(256, dtype=np.float32)[:, None]
    mean, std = np.array(size.mean, np.float32), np.array(size.std, np.float32)
    table: FloatArray = (values - mean) / std
    return table


def is_raw(size: Input) -> bool:
    """Whether pixels go in as they are: a uint8 tensor and no normalisation."""
    return size.dtype == "uint8" and set(size.mean) == {0.0} and set(size.std) == {1.0}


def looked_up(image: Image, table: Numbers) -> Numbers:
    """Every pixel of `image` replaced by its entry in `table`; of the table's type."""
    found: Numbers = cv2.LUT(image, table.reshape(1, 256, 3))  # type: ignore[assignment] # stub
    return found
