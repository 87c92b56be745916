"""A yard with textured objects in it, under any light; sightings of them."""

from datetime import timedelta

import cv2
import numpy as np

from contract.labels import group_of
from edge.records import TrackId
from edge.static_objects.appearance import FrameContext
from edge.static_objects.records import ObservedObject
from imaging.detections import Image
from imaging.polygons import Box
from tests.fakes import START

SIZE = (320, 240)
PLACE: Box = (0.25, 0.4, 0.5, 0.7)


def texture(seed: int, width: int, height: int) -> Image:
    """Something with edges of its own: a car, a statue, another car."""
    coarse = np.random.default_rng(seed).integers(20, 230, (6, 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


GRAVEL = texture(99, *SIZE) // 4 + 90


def yard(*objects: tuple[int, Box], light: float = 1.0, seed: int = 0) -> Image:
    """Gravel with each object (its appearance's number and its box in shares), with sensor
    noise."""
    image = GRAVEL.copy()
    for appearance, (x0, y0, x1, y1) in objects:
        left, top = round(x0 * SIZE[0]), round(y0 * SIZE[1])
        width, height = round((x1 - x0) * SIZE[0]), round((y1 - y0) * SIZE[1])
        image[top : top + height, left : left + width] = texture(appearance, width, height)
    noise = np.random.default_rng(seed).normal(0, 3, image.shape)
    return np.clip(image * light + noise, 0, 255).astype(np.uint8)


def frame(image: Image, now: float) -> FrameContext:
    return FrameContext(image=image, at=START + timedelta(seconds=now), now=now)


def observed(
    box: Box = PLACE, label: str = "car", track: int | None = 1, moving: bool = False
) -> ObservedObject:
    id_ = None if track is None else TrackId(track)
    return ObservedObject(track=id_, group=group_of(label), label=label, box=box, moving=moving)


def shifted(box: Box, by: float) -> Box:
    """The box moved to the right by a share of its own width."""
    dx = by * (box[2] - box[0])
    return box[0] + dx, box[1], box[2] + dx, box[3]
