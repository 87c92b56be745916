"""Static objects that look like threats all night: parked vehicles, a statue, a poster.

PURE. Boxes are xyxy in pixels of the frame as drawn. Called by `render`.
"""

from __future__ import annotations

from dataclasses import dataclass

from imaging.detections import Image
from imaging.polygons import Box
from tools.evaluation.compose.cutouts import Cutout
from tools.evaluation.compose.materials import Backdrop
from tools.evaluation.compose.nuisances import things
from tools.evaluation.compose.nuisances.effect import EffectSetting
from tools.evaluation.compose.paste import paste, scaled, shade

VAN = (0.8, 0.6, 0.2)
"""Where the van is parked, in the light of the camera's lamp: its foot's x and y, and its height,
as shares of the frame; a person beside it would be of about 75 px in 640 x 480."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedObject:
    """A thing by name; `cutout` is None where the place or the cast holds it. `away_s` are the
    times between which it is elsewhere."""

    name: str
    xyxy: Box
    cutout: Cutout | None = None
    away_s: tuple[tuple[float, float], ...] = ()

    def foot(self) -> tuple[float, float]:
        """Where it stands: x, y."""
        return (self.xyxy[0] + self.xyxy[2]) / 2, self.xyxy[3]


def standing(setting: EffectSetting, vehicle: Cutout) -> tuple[PlacedObject, ...]:
    """A van, a statue and a poster that are put there, and the place's own vehicles."""
    width, height = setting.size
    van = scaled(vehicle, round(VAN[2] * height)), VAN[0] * width, VAN[1] * height
    parked = own_vehicles(setting.place, setting.size)
    put = zip(("van", "statue", "poster"), (van, *things.night_watch(setting)), strict=True)
    return (*(_placed(name, thing, x, y) for name, (thing, x, y) in put), *parked)


def own_vehicles(place: Backdrop, size: tuple[int, int]) -> tuple[PlacedObject, ...]:
    """Those that the place itself holds."""
    width, height = size
    return tuple(
        PlacedObject(name=f"parked_{name}", xyxy=(x0 * width, y0 * height, x1 * width, y1 * height))
        for name, (x0, y0, x1, y1) in place.vehicles.items()
    )


def furnish(ground: Image, static_objects: tuple[PlacedObject, ...]) -> None:
    """Lay those that the place does not hold itself onto it."""
    for thing in static_objects:
        if thing.cutout is not None:
            x, y = thing.foot()
            shade(ground, x, y - 1, 0.8 * thing.cutout.cover.shape[1])
            paste(ground, thing.cutout, round(thing.xyxy[0]), round(thing.xyxy[1]))


def _placed(name: str, thing: Cutout, x: float, y: float) -> PlacedObject:
    h, w = thing.cover.shape
    left, top = float(round(x - w / 2)), float(round(y) - h)
    return PlacedObject(name=name, xyxy=(left, top, left + w, top + h), cutout=thing)
