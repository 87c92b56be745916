"""A scene of many actors on drawn materials, and where each of them shows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tests.drawn_materials import drawn_materials
from tools.evaluation.compose.cast import Actor, ActorInFrame, Cast
from tools.evaluation.compose.cutouts import Cutout
from tools.evaluation.compose.materials import Materials
from tools.evaluation.compose.nuisances.effect import Effect
from tools.evaluation.compose.recipe import SceneRecipe
from tools.evaluation.compose.render import NIGHTS, stage
from tools.evaluation.compose.stages import StagedScene, Truth

DRAWN = drawn_materials()
CHANGED = 76
"""Half of what is left of white where the surroundings are darkest."""


Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Painted:
    """An actor of one grey level."""

    actor: Actor
    level: int

    def part(self, at_s: float) -> ActorInFrame | None:
        part = self.actor.part(at_s)
        if part is None:
            return None
        colour = np.full_like(part.cutout.colour, self.level)
        return replace(part, cutout=Cutout(colour, part.cutout.cover))


def recipe_of(scene: str, walkers: int = 8) -> SceneRecipe:
    """By day on the slope, as long as the scene needs."""
    return SceneRecipe(
        scene=scene,
        background="slope",
        light="day",
        width=640,
        height=480,
        seconds=12 * 3600 if scene in NIGHTS else 400,
        seed=5,
        walkers=0 if scene.startswith("parked") else walkers,
        pause_s=600,
        vehicles=("van",),
    )


def shown(scene: str, materials: Materials, walkers: int = 8) -> StagedScene:
    return stage(recipe_of(scene, walkers), materials)


def cast_of(stage: StagedScene) -> Cast:
    assert stage.cast is not None
    return stage.cast


def painted(stage: StagedScene, actor: Actor, level: int) -> StagedScene:
    cast = cast_of(stage)
    actors = tuple(Painted(a, level) if a is actor else a for a in cast.actors)
    return replace(stage, cast=replace(cast, actors=actors))


def seen_of(stage: StagedScene, actor: Actor, truth: Truth) -> npt.NDArray[np.bool_]:
    """Where the actor shows: painted white or black, the frame differs just there. Without the
    camera's own text, which hides nobody for the labels."""
    white, black = (
        replace(painted(stage, actor, level), effect=Effect()).picture(truth.instant).astype(int)
        for level in (255, 0)
    )
    return np.asarray(np.abs(white - black).max(axis=2) > CHANGED)


def bounds(mask: npt.NDArray[np.bool_]) -> Box:
    ys, xs = np.nonzero(mask)
    return float(xs.min()), float(ys.min()), float(xs.max()) + 1, float(ys.max()) + 1
