"""Which sequences a composed set holds: every nuisance for its share of the hours, and walkers.

PURE. Called by the command line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from tools.compose.materials import Place
from tools.compose.nuisances.table import NUISANCES
from tools.compose.recipe import Light, Recipe
from tools.compose.render import NIGHT
from tools.compose.walkers import GAP_S, HEIGHTS_PX, LONGEST_S

SIZE = (640, 480)
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

NIGHT_S = 12 * 3600.0
NIGHT_WALKS = 4
"""Past a van, a statue, the van again and a poster; so often as there are walkers per band."""

USUAL = (*NUISANCES, *WALKS)
SCENES = (*USUAL, NIGHT)


def recipes(
    scenes: Sequence[str],
    places: Mapping[str, Place],
    hours: float,
    walkers: int,
    seed: int,
    pause_s: float = 25.0,
) -> Iterator[tuple[str, Recipe]]:
    """Ids and recipes: `hours` are shared by the nuisances among `scenes`; of each of the others,
    `walkers` people in each band of height, in those of the places that are open; a night where a
    vehicle is parked, with `pause_s` between frames while nothing happens."""
    everywhere = tuple(places)
    outside = tuple(name for name, place in places.items() if place.open) or everywhere
    nuisances = [name for name in scenes if name in NUISANCES]
    for name in nuisances:
        yield from _nuisance(name, everywhere, 3600 * hours / len(nuisances), seed)
    for name in scenes:
        if name in WALKS and walkers:
            yield name, _walk(name, outside, walkers, seed)
    if NIGHT in scenes and walkers:
        parked = [name for name in outside if places[name].vehicles]
        yield NIGHT, _night((parked or outside)[0], walkers * NIGHT_WALKS, seed, pause_s)


def _nuisance(
    name: str, places: Sequence[str], seconds: float, seed: int
) -> Iterator[tuple[str, Recipe]]:
    lights, first = NUISANCES[name][1], SCENES.index(name)
    pieces = max(1, math.ceil(seconds / LONGEST_SEQUENCE_S))
    for piece in range(pieces):
        yield (
            f"{name}_{piece}",
            Recipe(
                scene=name,
                background=places[(first + piece) % len(places)],
                light=lights[piece % len(lights)],
                width=SIZE[0],
                height=SIZE[1],
                seconds=round(seconds / pieces, 3),
                seed=_seed(seed, first, piece),
            ),
        )


def _walk(name: str, places: Sequence[str], walkers: int, seed: int) -> Recipe:
    light, size, squeeze, place = WALKS[name]
    number = SCENES.index(name)
    count = walkers * (len(HEIGHTS_PX) - 1)
    return Recipe(
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


def _night(place: str, walks: int, seed: int, pause_s: float) -> Recipe:
    return Recipe(
        scene=NIGHT,
        background=place,
        light="infrared",
        width=SIZE[0],
        height=SIZE[1],
        seconds=NIGHT_S,
        seed=_seed(seed, SCENES.index(NIGHT), 0),
        walkers=walks,
        pause_s=pause_s,
    )


def _seed(seed: int, scene: int, piece: int) -> int:
    return (seed * 100 + scene) * 1000 + piece
