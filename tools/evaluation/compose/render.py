"""From a recipe and the materials that it names to a stage, which shows any frame of it.

PURE. Called by the command line, which may store the frames, and by the evaluation, which does not.
"""

from __future__ import annotations

from statistics import median

import cv2
import numpy as np

from imaging.detections import Image
from tools.evaluation.compose import night as nights
from tools.evaluation.compose import pace, walkers
from tools.evaluation.compose.acts import ACTS
from tools.evaluation.compose.bodies import Figure
from tools.evaluation.compose.cutouts import Cutout, PersonCutouts
from tools.evaluation.compose.exposure import exposure
from tools.evaluation.compose.layout import StageLayout
from tools.evaluation.compose.materials import Backdrop, Materials
from tools.evaluation.compose.night import NightPlan, night_effect, night_exposure
from tools.evaluation.compose.nuisances.effect import Effect, EffectSetting
from tools.evaluation.compose.nuisances.lights import shadows
from tools.evaluation.compose.nuisances.picture import clock_over
from tools.evaluation.compose.nuisances.table import NUISANCES
from tools.evaluation.compose.recipe import SceneRecipe
from tools.evaluation.compose.stages import StagedScene
from tools.evaluation.compose.standing import furnish, own_vehicles, standing

NIGHT = "night"
"""The scene in which the light changes; whoever walks there walks past something that stands."""
NIGHTS = (NIGHT, "night_cars")
CLOCKED = ("parked_clock", "walk_cars")
"""Where the camera burns the time over the cars."""
OVER_CARS = 0.66
"""How far down: across the nearer row."""
SHADED = ("parked",)
HEDGE = 0.6
"""Where the hedge begins, as a share of the height from the top."""


def stage(recipe: SceneRecipe, materials: Materials) -> StagedScene:
    """Raises `MaterialError` for a place, and `KeyError` for a nuisance, that does not exist."""
    if recipe.scene == NIGHT:
        return _night(recipe, materials)
    if recipe.scene in ACTS:
        return _act(recipe, materials)
    place, size = materials.place(recipe.background), (recipe.width, recipe.height)
    rng = np.random.default_rng((recipe.seed, 0))
    hedge_px = HEDGE * recipe.height if recipe.scene == "walk_hidden" else None
    people = walkers.plan(materials.people, place, size, recipe.walkers, rng, hedge_px)
    spans = [(w.start_s, w.end_s) for w in people]
    effect = _effect(recipe, place, materials)
    return StagedScene(
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


def _night(recipe: SceneRecipe, materials: Materials) -> StagedScene:
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
    return StagedScene(
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


def _act(recipe: SceneRecipe, materials: Materials) -> StagedScene:
    """A scene of many actors, by day, by night, or through one."""
    place, size = materials.place(recipe.background), (recipe.width, recipe.height)
    rng, setting = np.random.default_rng((recipe.seed, 0)), _setting(recipe, place, materials)
    course = recipe.scene in NIGHTS
    night = nights.plan(recipe.seconds, 2 * recipe.walkers, rng) if course else None
    cast = ACTS[recipe.scene](_layout(recipe, place, materials, night))
    spans = sorted((*cast.spans, *(night.changes_s() if night else ())))
    if night is not None:
        instants = pace.rarely(spans, night.beams_s, recipe.seconds, recipe.pause_s)
    else:
        instants = pace.around(spans, recipe.seconds) if spans else pace.bursts(recipe.seconds, rng)
    return StagedScene(
        recipe=recipe,
        instants=instants,
        effect=night_effect(night, setting) if night else _acting_effect(recipe.scene, setting),
        walkers=(),
        hedge=None,
        parked=place.parked or bool(cast.standing),
        ground=_fitted(place.image, size),
        exposure=night_exposure(night, size, materials.noises, rng)
        if night
        else exposure(recipe.light, size, materials.noises, rng),
        standing=(*own_vehicles(place, size), *cast.standing),
        night=night,
        cast=cast,
    )


def _layout(
    recipe: SceneRecipe, place: Backdrop, materials: Materials, night: NightPlan | None
) -> StageLayout:
    return StageLayout(
        scene=recipe.scene,
        place=place,
        size=(recipe.width, recipe.height),
        count=recipe.walkers,
        seconds=recipe.seconds,
        vehicles=materials.parked(recipe.vehicles),
        figures=materials.figures,
        recorded=tuple(_recorded(person) for person in materials.people),
        rng=np.random.default_rng((recipe.seed, 1)),
        moves_s=() if night is None else night.walks_s,
    )


def _recorded(person: PersonCutouts) -> Figure:
    """A real walker as a figure: upright in every frame."""
    tall = median(len(frame.cover) for frame in person.frames)
    return Figure(person=person, standing_px=float(tall))


def _acting_effect(scene: str, setting: EffectSetting) -> Effect:
    if scene in CLOCKED:
        return clock_over(setting, OVER_CARS)
    return shadows(setting) if scene in SHADED else Effect()


def _effect(recipe: SceneRecipe, place: Backdrop, materials: Materials) -> Effect:
    if recipe.walkers or recipe.scene == "nothing":
        return Effect()
    return NUISANCES[recipe.scene][0](_setting(recipe, place, materials))


def _setting(recipe: SceneRecipe, place: Backdrop, materials: Materials) -> EffectSetting:
    return EffectSetting(
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
