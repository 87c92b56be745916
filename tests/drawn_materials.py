"""Materials of composed scenes without the recording: a drawn place and drawn walkers."""

from __future__ import annotations

import numpy as np

from imaging.detections import Image
from tools.evaluation.compose.bodies import SHEETS, figures
from tools.evaluation.compose.cutouts import outlined, people
from tools.evaluation.compose.materials import Backdrop, Materials
from tools.evaluation.compose.vehicles import Vehicle

WIDTH, HEIGHT = 320, 240


def background() -> Image:
    """A grey slope with a coarse pattern."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(90, 170, (HEIGHT // 8, WIDTH // 8, 1)).astype(np.uint8)
    return np.ascontiguousarray(coarse.repeat(8, axis=0).repeat(8, axis=1).repeat(3, axis=2))


def recording(frames: int = 30) -> list[Image]:
    """A figure of 30 x 90 px, dark below and red above, walks to the right over the background."""
    pictures = []
    for number in range(frames):
        picture = background()
        left = 20 + 6 * number
        picture[60:100, left : left + 30] = (20, 20, 230)
        picture[100:150, left : left + 30] = (10, 10, 10)
        pictures.append(picture)
    return pictures


def drawn_materials() -> Materials:
    place = Backdrop(image=background(), far=0.4, near=0.95)
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 2, (HEIGHT, WIDTH, 3)).astype(np.float32)
    box = outlined(background(), ((10, 10), (70, 10), (70, 50), (10, 50)))
    van = Vehicle("van", box, 1.3, 128.0)
    return Materials(
        places={"slope": place},
        people=people(recording(), background(), 5.0),
        noises=(noise, noise[::-1].copy()),
        vehicles=(van,),
        figures={sheet.name: figures(sheet.name) for sheet in SHEETS},
    )
