"""Which frames show an object best?

PURE. A few frames per track: the best by score and sharpness, none closer in time than
`crop_apart_s`, since two pictures of one pose say little more than one. Law: the best frame of all
that were offered is always among the kept. Called by `edge.camera_state` for every track of a
frame.
"""

from __future__ import annotations

import cv2
import numpy as np

from edge.config.evidence import EvidenceConfig
from edge.records import BestFrame
from imaging.detections import Image
from imaging.polygons import Box

_LOOK_PX = 128
"""Sharpness is measured on at most this many pixels a side, so a large object costs no more."""

_FULL_DETAIL = 0.5
"""Laplacian over contrast of a sharp crop; beyond, it is noise rather than more detail."""


def add(
    kept: tuple[BestFrame, ...], best_frame: BestFrame, evidence: EvidenceConfig
) -> tuple[BestFrame, ...]:
    """`kept` with `best_frame`, if it is good enough; in time order, at most `crops`.

    Of frames closer than `crop_apart_s` the better stays, of equals the newer.
    """
    close = [other for other in kept if best_frame.at_s - other.at_s < evidence.crop_apart_s]
    if any(quality(other) > quality(best_frame) for other in close):
        return kept
    rest = (*(other for other in kept if other not in close), best_frame)
    if len(rest) <= evidence.crops:
        return rest
    weakest = min(rest, key=quality)
    return tuple(other for other in rest if other is not weakest)


def ranked(kept: tuple[BestFrame, ...]) -> tuple[BestFrame, ...]:
    """Best first, of equals the newer."""
    return tuple(
        sorted(kept, key=lambda best_frame: (quality(best_frame), best_frame.at_s), reverse=True)
    )


def quality(best_frame: BestFrame) -> float:
    """The score, up to halved where the object is blurred."""
    return best_frame.score * (0.5 + best_frame.sharpness / 2)


def sharpness(image: Image, box: Box) -> float:
    """0..1: fine detail in `box` (pixels of `image`) as a share of its contrast.

    The mean magnitude of the Laplacian over the standard deviation of the grey levels (cf. Pertuz
    et al. 2013, "Analysis of focus measure operators"); the quotient does not depend on contrast.
    """
    height, width = image.shape[:2]
    x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
    x1, y1 = min(width, int(box[2]) + 1), min(height, int(box[3]) + 1)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return 0.0
    part = image[y0:y1, x0:x1]
    step = max(1, max(part.shape[:2]) // _LOOK_PX)
    sample = part if step == 1 else np.ascontiguousarray(part[::step, ::step])
    grey = cv2.cvtColor(sample, cv2.COLOR_BGR2GRAY)
    contrast = float(cv2.meanStdDev(grey)[1][0, 0])
    detail = cv2.norm(cv2.Laplacian(grey, cv2.CV_16S), cv2.NORM_L1) / grey.size / 4
    return min(1.0, detail / max(contrast, 1.0) / _FULL_DETAIL)
