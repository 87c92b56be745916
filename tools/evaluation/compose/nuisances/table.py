"""The nuisances by name, each with the places' lights that it is shown in.

PURE. Read by `scenes` and `render`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tools.evaluation.compose.nuisances import animals, lens, lights, picture, things, weather
from tools.evaluation.compose.nuisances.effect import Make
from tools.evaluation.compose.recipe import Light

NUISANCES: Mapping[str, tuple[Make, tuple[Light, ...]]] = MappingProxyType(
    {
        "laundry": (things.laundry, ("day", "dusk")),
        "statues": (things.statues, ("day", "dusk", "infrared")),
        "posters": (things.posters, ("day", "dusk", "infrared")),
        "animals": (animals.animals, ("day", "infrared", "dusk")),
        "clock": (picture.clock, ("day", "infrared")),
        "webs": (lens.webs, ("infrared", "day")),
        "insects": (lens.insects, ("infrared", "day")),
        "snow": (weather.snow, ("day", "infrared")),
        "rain": (weather.rain, ("day", "dusk", "infrared")),
        "shadows": (lights.shadows, ("day",)),
        "headlights": (lights.headlights, ("dusk", "infrared")),
        "flicker": (lights.flicker, ("dusk", "day")),
        "camera_jitter": (picture.camera_jitter, ("day", "dusk")),
        "compression": (picture.compression, ("day", "dusk")),
    }
)
