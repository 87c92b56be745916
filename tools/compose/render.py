"""From a recipe to frames as a camera would send them, and to what is true in each.

PURE. Every frame is made from the recipe, the materials and its own instant, so that two renderings
give equal bytes, and truth is known without rendering. Called by the command line, which may store
the frames, and by the evaluation, which does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from imaging.detections import Image
from tools.compose import night as nights
from tools.compose import pace, walkers
from tools.compose.cutouts import Cutout
from tools.compose.exposure import Exposure, exposure
from tools.compose.lay import lay
from tools.compose.materials import Materials, Place
from tools.compose.night import Night
from tools.compose.night_light import NightExposure, night_effect, night_exposure
from tools.compose.nuisances.effect import Effect, Setting
from tools.compose.nuisances.table import NUISANCES
from tools.compose.recipe import Instant, Light, PersonBox, Recipe, name_of
from tools.compose.standing import Standing, furnish, standing
from tools.compose.walkers import IN_VIEW, Walker

DRIFT_S = 600.0
NIGHT = "night"
"""The scene in which the light changes; whoever walks there walks past something that stands."""
HEDGE = 0.6
"""Where the hedge begins, as a share of the height from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true in a frame: `person` is None while someone is entering or leaving."""

    instant: Instant
    person: bool | None
    boxes: tuple[PersonBox, ...]
    parked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A recipe with its materials laid out, ready to be shown frame by frame. `standing` is what
    stands there and looks like a threat, and `night` the course of one."""

    recipe: Recipe
    instants: tuple[Instant, ...]
    effect: Effect
    walkers: tuple[Walker, ...]
    hedge: tuple[Cutout, float] | None
    parked: bool
    ground: Image
    exposure: Exposure | NightExposure
    standing: tuple[Standing, ...] = ()
    night: Night | None = None

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
        if self.hedge is not None:
            lay(scene, self.hedge[0], 0, round(self.hedge[1]))
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
        """What is true in each frame, in order."""
        return tuple(self._truth(instant) for instant in self.instants)

    def _truth(self, instant: Instant) -> Truth:
        size = self.recipe.width, self.recipe.height
        hedge_px = None if self.hedge is None else self.hedge[1]
        seen = [
            walkers.box(walker, instant.at_s, size, hedge_px)
            for walker in self.walkers
            if walker.is_there(instant.at_s)
        ]
        whole = [box for box, within in seen if within >= IN_VIEW]
        partly = [box for box, within in seen if 0 < within < IN_VIEW]
        return Truth(
            instant=instant,
            person=True if whole else None if partly else False,
            boxes=tuple(self._sent(box) for box in whole),
            parked=self.parked,
        )

    def _sent(self, box: PersonBox) -> PersonBox:
        x, y = self.recipe.squeeze
        x0, y0, x1, y1 = box.xyxy
        return PersonBox(
            xyxy=(x0 * x, y0 * y, x1 * x, y1 * y),
            height_px=box.height_px * y,
            visible=box.visible,
        )


def stage(recipe: Recipe, materials: Materials) -> Stage:
    """Raises `MaterialError` for a place, and `KeyError` for a nuisance, that does not exist."""
    if recipe.scene == NIGHT:
        return _night(recipe, materials)
    place, size = materials.place(recipe.background), (recipe.width, recipe.height)
    rng = np.random.default_rng((recipe.seed, 0))
    hedge_px = HEDGE * recipe.height if recipe.scene == "walk_hidden" else None
    people = walkers.plan(materials.people, place, size, recipe.walkers, rng, hedge_px)
    spans = [(w.start_s, w.end_s) for w in people]
    effect = _effect(recipe, place, materials)
    return Stage(
        recipe=recipe,
        instants=pace.around(spans, recipe.seconds)
        if recipe.walkers
        else pace.bursts(recipe.seconds, rng),
        effect=effect,
        walkers=people,
        hedge=None if hedge_px is None else (_hedge(size, rng), hedge_px),
        parked=place.parked,
        ground=_fitted(place.image, size),
        exposure=exposure(recipe.light, size, materials.noises, rng),
    )


def _night(recipe: Recipe, materials: Materials) -> Stage:
    place, size = materials.place(recipe.background), (recipe.width, recipe.height)
    rng, setting = np.random.default_rng((recipe.seed, 0)), _setting(recipe, place, materials)
    night = nights.plan(recipe.seconds, recipe.walkers, rng)
    there = standing(setting, materials.vehicle)
    van, statue, poster = (thing.foot() for thing in there if thing.cutout is not None)
    spots = van, statue, van, poster
    people = walkers.past(materials.people, place, size, spots, night.walks_s, rng)
    spans = [*night.changes_s(), *((w.start_s, w.end_s) for w in people)]
    ground = _fitted(place.image, size)
    furnish(ground, there)
    return Stage(
        recipe=recipe,
        instants=pace.rarely(spans, night.beams_s, recipe.seconds, recipe.pause_s),
        effect=night_effect(night, setting),
        walkers=people,
        hedge=None,
        parked=place.parked,
        ground=ground,
        exposure=night_exposure(night, size, materials.noises, rng),
        standing=there,
        night=night,
    )


def _effect(recipe: Recipe, place: Place, materials: Materials) -> Effect:
    if recipe.walkers or recipe.scene == "nothing":
        return Effect()
    return NUISANCES[recipe.scene][0](_setting(recipe, place, materials))


def _setting(recipe: Recipe, place: Place, materials: Materials) -> Setting:
    return Setting(
        size=(recipe.width, recipe.height),
        light=recipe.light,
        place=place,
        people=materials.people,
        seed=recipe.seed,
    )


def _fitted(image: Image, size: tuple[int, int]) -> Image:
    """The middle of the image at `size`, its proportions kept."""
    height, width = image.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    whole = max(size[0], round(width * scale)), max(size[1], round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(image, whole, interpolation=how), np.uint8)
    left, top = (whole[0] - size[0]) // 2, (whole[1] - size[1]) // 2
    return np.ascontiguousarray(resized[top : top + size[1], left : left + size[0]])


def _hedge(size: tuple[int, int], rng: np.random.Generator) -> Cutout:
    """Leaves across the picture, half as tall as the tallest walker; its upper edge is ragged."""
    width, height = size[0], walkers.HEIGHTS_PX[-1] // 2 + 8
    leaves = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), 1.3) * 3
    clumps = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), 7) * 14
    light = (1 + 0.22 * leaves + 0.2 * clumps) * np.linspace(1.15, 0.6, height)[:, None]
    colour = (light[..., None] * np.array([38, 88, 62])).clip(0, 255).astype(np.uint8)
    edge = cv2.GaussianBlur(rng.standard_normal((1, width)), (0, 0), 2.0)[0] * 3
    cover = np.where(np.arange(height)[:, None] > 1.5 + edge, 255, 0).astype(np.uint8)
    return Cutout(colour, np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.7), np.uint8))
