"""A network's output as it came, quantised or not.

PURE. Thresholds are applied to the stored numbers; only what survives is turned into real ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imaging.detections import FloatArray

Raw = npt.NDArray[np.float32] | npt.NDArray[np.int8] | npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """Stored numbers; `real = (stored - zero_point) * scale`, or as stored where scale is 0."""

    values: Raw
    scale: float = 0.0
    zero_point: int = 0

    def level(self, real: float) -> float:
        """The smallest stored number that means at least `real`."""
        if not self.scale:
            return real
        # A hair of slack, for 0.25 / (1 / 256) must be 64 although scales are rounded to float32.
        return math.ceil(real / self.scale - 1e-4) + self.zero_point

    def real(self, stored: Raw) -> FloatArray:
        """What `stored` numbers, picked from `values`, mean."""
        numbers = stored.astype(np.float32)
        if not self.scale:
            return numbers
        meant: FloatArray = (numbers - np.float32(self.zero_point)) * np.float32(self.scale)
        return meant

    def is_numbers(self) -> bool:
        """False if any is NaN; quantised ones cannot be."""
        floating = np.issubdtype(self.values.dtype, np.floating)
        return not floating or not self.values.size or not np.isnan(self.values.min())

    def one(self, index: int) -> Tensor:
        """The part of a batch that belongs to picture `index`."""
        return Tensor(values=self.values[index], scale=self.scale, zero_point=self.zero_point)
