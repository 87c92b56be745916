"""A frame's pixels as anybody may see them: black wherever a privacy mask lies.

PURE. The one place where the edge decodes a camera's picture in colour, so what is under a mask is
neither detected nor remembered, and is in no picture that leaves (import-linter holds that law).
Called by whoever needs pixels: the pipeline, and the packers of evidence and audits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from contract.ids import CameraId
from edge.config.schema import EdgeConfig, PrivacyMaskConfig
from edge.records import Frame
from imaging.admission import Rejected
from imaging.decode import decode
from imaging.detections import Image

Masks = tuple[PrivacyMaskConfig, ...]

_BLACK = (0, 0, 0)
_BORDER_PX = 3
"""A line of this width over the outline: a pixel that the polygon only touches is covered too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """Which masks lie over the pictures of which camera."""

    listed: Mapping[CameraId, Masks] = field(default_factory=dict)
    others: Masks = ()

    def of(self, camera: CameraId) -> Masks:
        """The camera's own masks, or the general ones of cameras that are not listed."""
        return self.listed.get(camera, self.others)


def privacy_of(config: EdgeConfig) -> Privacy:
    """What the configuration says of every camera."""
    return Privacy(
        listed={CameraId(name): camera.privacy_masks for name, camera in config.cameras.items()},
        others=config.camera_defaults.privacy_masks,
    )


def pixels(frame: Frame, masks: Masks) -> Image | Rejected:
    """The decoded picture, `(H, W, 3) uint8` BGR, upright, black under `masks`."""
    image = decode(frame.picture, frame.header)
    return image if isinstance(image, Rejected) else blackened(image, masks)


def blackened(image: Image, masks: Masks) -> Image:
    """`image`, with every pixel that a mask covers or touches made black in place."""
    height, width = image.shape[:2]
    for mask in masks:
        corners = np.rint([(x * width - 0.5, y * height - 0.5) for x, y in mask.polygon])
        outline = [corners.astype(np.int32)]
        cv2.fillPoly(image, outline, _BLACK)
        cv2.polylines(image, outline, True, _BLACK, _BORDER_PX)
    return image
