"""Which sequences a composed set holds: every nuisance for its share of the hours, and walkers.

PURE. Called by the command line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tools.evaluation.compose.materials import Backdrop
from tools.evaluation.compose.nuisances.table import NUISANCES
from tools.evaluation.compose.recipe import Light, SceneRecipe
from tools.evaluation.compose.render import NIGHT
from tools.evaluation.compose.walkers import GAP_S, HEIGHTS_PX, LONGEST_S

SIZE = (640, 480)
LONGEST_ACT_S = 40.0
"""From one person of an act to the next, at most: across, in and out of a car, and a pause."""
LONGEST_SEQUENCE_S = 900.0
"""A nuisance is shown in pieces of at most a quarter of an hour, each at another place."""

WALKS: dict[str, tuple[Light, tuple[int, int], tuple[float, float], str | None]] = {
    "walk_day": ("day", (640, 480), (1.0, 1.0), None),
    "walk_dusk": ("dusk", (640, 480), (1.0, 1.0), None),
    "walk_infrared": ("infrared", (640, 480), (1.0, 1.0), None),
    "walk_small": ("day", (320, 240), (1.0, 1.0), None),
    "walk_wide": ("day", (1280, 720), (1.0, 1.0), None),
    "walk_hidden": ("day", (640, 480), (1.0, 1.0), None),
    "walk_narrow": ("day", (640, 480), (0.55, 1.0), "plaza"),
    "walk_flat": ("day", (640, 480), (1.0, 0.5), "plaza"),
}
"""Walkers by light, size of the frame as drawn, squeezing of it (352x480 and 640x240 of 640x480, as
sub-streams of half resolution in one direction have it), and place if it is not any."""

SQUEEZED: dict[str, tuple[Light, tuple[int, int], tuple[float, float], str | None]] = {
    "walk_960x1080": ("day", (1280, 720), (0.75, 1.5), "plaza"),
    "walk_960x1088": ("day", (1280, 720), (0.75, 1088 / 720), "plaza"),
    "walk_960x576": ("day", (640, 480), (1.5, 1.2), "plaza"),
    "walk_480x576": ("day", (640, 480), (0.75, 1.2), "plaza"),
    "walk_960x480": ("day", (640, 480), (1.5, 1.0), "plaza"),
}
"""What recorders send: 1080N (half of the columns of 1920x1080, also padded to whole macroblocks),
960H of PAL and NTSC, and half of 960H."""

OPEN_GROUND = 0.4
"""Where the ground reaches up to here, as a share of the height from the top, cars and people of
any height stand on it and not before a wall."""
WALKING_ACTS: dict[str, tuple[Light, str | None]] = {
    "walk_cars": ("day", None),
    "walk_cars_far": ("day", None),
    "walk_crowd": ("day", None),
    "walk_drawn": ("day", "plaza"),
    "walk_run": ("day", "plaza"),
    "walk_crouch": ("day", "plaza"),
    "walk_above": ("day", "above"),
    "walk_under": ("day", "above"),
}
"""Scenes of many actors or of poses by light, and where, if not on any open ground: `above` is
ground that was seen from straight above. Poses are at one place, to be compared."""
PARKED: dict[str, tuple[Light, ...]] = {
    "parked": ("day", "infrared"),
    "parked_clock": ("day", "dusk"),
}
"""Rows of parked cars without anybody, under passing shadows, and under a burned-in clock."""

NIGHT_S = 12 * 3600.0
NIGHT_WALKS = 4
"""Past a van, a statue, the van again and a poster; so often as there are walkers per band."""

NIGHT_CARS = "night_cars"
NIGHT_TRIPS = 4
"""Cars that leave and come back in a night; so often as there are walkers per band."""

PARKING = (*PARKED, "walk_cars", "walk_cars_far", NIGHT_CARS)
"""Where vehicles are put."""

USUAL = (*NUISANCES, *WALKS, *PARKED, *SQUEEZED, *WALKING_ACTS)
SCENES = (*USUAL, NIGHT, NIGHT_CARS)
_NUMBERED = (*NUISANCES, *WALKS, NIGHT, *PARKED, *SQUEEZED, *WALKING_ACTS, NIGHT_CARS)
"""In the order in which they came, so that a seed gives the older ones as it always did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionPlan:
    """What to compose: `hours` are shared by the nuisances among `scenes`; of each of the others,
    `walkers` people in each band of height, in those of the places that are open; a night where a
    vehicle is parked, with `pause_s` between frames while nothing happens. `above` are the places
    seen from straight above, `vehicles` those to park."""

    scenes: Sequence[str]
    places: Mapping[str, Backdrop]
    hours: float
    walkers: int
    seed: int
    pause_s: float = 25.0
    above: Sequence[str] = ("cobbles",)
    vehicles: Sequence[str] = ("van",)


def recipes(plan: CompositionPlan) -> Iterator[tuple[str, SceneRecipe]]:
    """Ids and recipes of everything in the plan."""
    for id_, recipe in _recipes(plan):
        parks = recipe.scene in PARKING
        yield id_, recipe.model_copy(update={"vehicles": tuple(plan.vehicles)}) if parks else recipe


def _recipes(plan: CompositionPlan) -> Iterator[tuple[str, SceneRecipe]]:
    scenes, places, walkers, seed = plan.scenes, plan.places, plan.walkers, plan.seed
    everywhere = tuple(places)
    outside = tuple(name for name, place in places.items() if place.open) or everywhere
    ground = tuple(n for n in outside if places[n].far <= OPEN_GROUND) or outside
    nuisances = [name for name in scenes if name in NUISANCES or name in PARKED]
    for name in nuisances:
        where = ground if name in PARKED else everywhere
        yield from _nuisance(name, where, 3600 * plan.hours / len(nuisances), seed)
    for name in scenes:
        if name in (WALKS | SQUEEZED) and walkers:
            yield name, _walk(name, outside, walkers, seed)
        if name in WALKING_ACTS and walkers:
            yield name, _act(name, ground, plan.above, walkers, seed)
    if NIGHT in scenes and walkers:
        parked = [name for name in outside if places[name].vehicles]
        yield (
            NIGHT,
            _night(NIGHT, (parked or outside)[0], walkers * NIGHT_WALKS, seed, plan.pause_s),
        )
    if NIGHT_CARS in scenes and walkers:
        yield NIGHT_CARS, _night(NIGHT_CARS, ground[0], walkers * NIGHT_TRIPS, seed, plan.pause_s)


def _nuisance(
    name: str, places: Sequence[str], seconds: float, seed: int
) -> Iterator[tuple[str, SceneRecipe]]:
    lights = PARKED[name] if name in PARKED else NUISANCES[name][1]
    first = _NUMBERED.index(name)
    pieces = max(1, math.ceil(seconds / LONGEST_SEQUENCE_S))
    for piece in range(pieces):
        yield (
            f"{name}_{piece}",
            SceneRecipe(
                scene=name,
                background=places[(first + piece) % len(places)],
                light=lights[piece % len(lights)],
                width=SIZE[0],
                height=SIZE[1],
                seconds=round(seconds / pieces, 3),
                seed=_seed(seed, first, piece),
            ),
        )


def _walk(name: str, places: Sequence[str], walkers: int, seed: int) -> SceneRecipe:
    light, size, squeeze, place = (WALKS | SQUEEZED)[name]
    number = _NUMBERED.index(name)
    count = walkers * (len(HEIGHTS_PX) - 1)
    return SceneRecipe(
        scene=name,
        background=place or places[number % len(places)],
        light=light,
        width=size[0],
        height=size[1],
        squeeze=squeeze,
        seconds=4 + count * (LONGEST_S + GAP_S),
        seed=_seed(seed, number, 0),
        walkers=count,
    )


def _act(
    name: str, places: Sequence[str], above: Sequence[str], walkers: int, seed: int
) -> SceneRecipe:
    """As many people (or crowds) as there are bands of height, for each of `walkers`."""
    light, where = WALKING_ACTS[name]
    number, count = _NUMBERED.index(name), walkers * (len(HEIGHTS_PX) - 1)
    there = above if where == "above" else (where,) if where else places
    return SceneRecipe(
        scene=name,
        background=there[(number + seed) % len(there)],
        light=light,
        width=SIZE[0],
        height=SIZE[1],
        seconds=4 + count * LONGEST_ACT_S,
        seed=_seed(seed, number, 0),
        walkers=count,
    )


def _night(scene: str, place: str, walks: int, seed: int, pause_s: float) -> SceneRecipe:
    return SceneRecipe(
        scene=scene,
        background=place,
        light="infrared",
        width=SIZE[0],
        height=SIZE[1],
        seconds=NIGHT_S,
        seed=_seed(seed, _NUMBERED.index(scene), 0),
        walkers=walks,
        pause_s=pause_s,
    )


def _seed(seed: int, scene: int, piece: int) -> int:
    return (seed * 100 + scene) * 1000 + piece
