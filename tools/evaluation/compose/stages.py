"""A composed scene laid out: any of its frames, and what is true in each.

PURE. Every frame is made from the recipe, the materials and its own instant, so that two renderings
give equal bytes, and truth is known without rendering. Made by `render`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from imaging.detections import Image
from tools.evaluation.compose import walkers
from tools.evaluation.compose.cast import Cast
from tools.evaluation.compose.cutouts import Cutout
from tools.evaluation.compose.exposure import Exposure
from tools.evaluation.compose.night import NightExposure, NightPlan
from tools.evaluation.compose.nuisances.effect import Effect
from tools.evaluation.compose.paste import paste
from tools.evaluation.compose.recipe import Instant, Light, ObjectBox, SceneRecipe, name_of
from tools.evaluation.compose.standing import PlacedObject
from tools.evaluation.compose.walkers import Walker

DRIFT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true in a frame: `person` is None while someone is entering or leaving, and so is
    `vehicle`, which tells of moving ones."""

    instant: Instant
    person: bool | None
    vehicle: bool | None
    boxes: tuple[ObjectBox, ...]
    parked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedScene:
    """A recipe with its materials laid out, ready to be shown frame by frame. `standing` is what
    stands there and looks like a threat, `night` the course of one, and `cast` who and what acts in
    a scene that has more than single walkers."""

    recipe: SceneRecipe
    instants: tuple[Instant, ...]
    effect: Effect
    walkers: tuple[Walker, ...]
    hedge: tuple[Cutout, float] | None
    parked: bool
    ground: Image
    exposure: Exposure | NightExposure
    standing: tuple[PlacedObject, ...] = ()
    night: NightPlan | None = None
    cast: Cast | None = None

    def __len__(self) -> int:
        return len(self.instants)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Names and JPEGs, in order."""
        for instant in self.instants:
            quality = [cv2.IMWRITE_JPEG_QUALITY, self.effect.quality(instant)]
            encoded = cv2.imencode(".jpg", self.picture(instant), quality)[1]
            yield name_of(instant.number), encoded.tobytes()

    def picture(self, instant: Instant) -> Image:
        """The frame as sent, before it becomes a JPEG."""
        scene = self.ground.copy()
        for walker in self.walkers:
            if walker.is_there(instant.at_s):
                walkers.draw(scene, walker, instant.at_s, self.light(instant))
        if self.cast is not None:
            self.cast.draw(scene, self.ground, instant.at_s, self.light(instant))
        if self.hedge is not None:
            paste(scene, self.hedge[0], 0, round(self.hedge[1]))
        scene = self.effect.in_scene(scene, instant)
        drift = 1 + 0.03 * math.sin(2 * math.pi * instant.at_s / DRIFT_S)
        seen = self.exposure.expose(scene, instant, drift)
        seen = self.effect.in_camera(seen, instant)
        size = self.recipe.sent_size()
        if size == (seen.shape[1], seen.shape[0]):
            return seen
        return np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), np.uint8)

    def light(self, instant: Instant) -> Light:
        """The light that prevails then."""
        return self.recipe.light if self.night is None else self.night.light(instant.at_s)

    def truths(self) -> tuple[Truth, ...]:
        """What is true in each frame, in order. Who is lost behind a car for a while and comes out
        again is one event."""
        truths = [self._truth(instant) for instant in self.instants]
        for start_s, end_s in () if self.cast is None else self.cast.spans:
            there = [n for n, t in enumerate(truths) if start_s <= t.instant.at_s <= end_s]
            people = _stretch([n for n in there if truths[n].person])
            vehicles = _stretch([n for n in there if truths[n].vehicle])
            truths[there[0] : there[-1] + 1] = [
                replace(
                    truths[n],
                    person=True if n in people else truths[n].person,
                    vehicle=True if n in vehicles else truths[n].vehicle,
                )
                for n in there
            ]
        return tuple(truths)

    def _truth(self, instant: Instant) -> Truth:
        size = self.recipe.width, self.recipe.height
        hedge_px = None if self.hedge is None else self.hedge[1]
        seen = [
            walkers.box(walker, instant.at_s, size, hedge_px)
            for walker in self.walkers
            if walker.is_there(instant.at_s)
        ]
        boxes = tuple(box for box, within in seen if within > 0)
        if self.cast is not None:
            boxes += self.cast.boxes(instant.at_s, size)
        return Truth(
            instant=instant,
            person=_label([box for box in boxes if box.label == "person"]),
            vehicle=_label([box for box in boxes if box.label != "person"]),
            boxes=tuple(self._sent(box) for box in boxes),
            parked=self.parked,
        )

    def _sent(self, box: ObjectBox) -> ObjectBox:
        x, y = self.recipe.squeeze
        x0, y0, x1, y1 = box.xyxy
        return replace(box, xyxy=(x0 * x, y0 * y, x1 * x, y1 * y), height_px=box.height_px * y)


def _stretch(frames: list[int]) -> range:
    """From the first to the last of them."""
    return range(frames[0], frames[-1] + 1) if frames else range(0)


def _label(boxes: list[ObjectBox]) -> bool | None:
    """True where one is wholly there, None where some are entering, leaving or all but hidden."""
    if any(not box.partial for box in boxes):
        return True
    return None if boxes else False
