"""Moves the normalisation of pixels into a network's first convolution.

PURE. With (x - m) / s as the network was trained and (x - n) / t as it shall be fed, the kernel
times t / s and a bias of sum(kernel * (n - m) / s) more give the same sums. Exact where the kernel
lies inside the picture; where it hangs over the border, the zeros padded there mean the colour n
instead of m, a difference of a few grey levels on the outermost pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.detections import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """Per channel, `(value - mean) / std`."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def folded(
    kernel: FloatArray, bias: FloatArray, trained: Normalisation, fed: Normalisation
) -> tuple[FloatArray, FloatArray]:
    """Kernel `(kh, kw, 3, out)` and bias `(out,)` for input normalised as `fed`."""
    mean, std = np.array(trained.mean), np.array(trained.std)
    shift = (np.array(fed.mean) - mean) / std
    gain = np.array(fed.std) / std
    moved = bias + np.einsum("hwio,i->o", kernel.astype(np.float64), shift)
    return (kernel * gain[:, None]).astype(np.float32), moved.astype(np.float32)
