"""What a composed sequence is made of, and what is true in each of its frames.

PURE. A recipe and the materials that it names determine every pixel; it stands in the manifest, so
that the frames can be made again instead of being stored. Boxes are xyxy in pixels of the frame as
sent. Written by `python -m tools.evaluation.compose`, read by the evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Light = Literal["day", "dusk", "infrared"]


class SceneRecipe(BaseModel):
    """One sequence: `scene` names what happens, `background` the empty place it happens in.

    `squeeze` is width and height sent per width and height drawn: a sub-stream whose pixels are not
    square. `width` and `height` are of the frame as drawn, before squeezing. `pause_s` is the time
    between two frames of a night while nothing happens; `vehicles` are those that may be parked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scene: str
    background: str
    light: Light
    width: Annotated[int, Field(ge=64, le=4096)]
    height: Annotated[int, Field(ge=64, le=4096)]
    squeeze: tuple[float, float] = (1.0, 1.0)
    seconds: Annotated[float, Field(gt=0)]
    seed: Annotated[int, Field(ge=0)]
    walkers: Annotated[int, Field(ge=0)] = 0
    pause_s: Annotated[float, Field(gt=0)] = 25.0
    vehicles: tuple[str, ...] = ()

    def sent_size(self) -> tuple[int, int]:
        """Width and height of the frames as sent."""
        return round(self.width * self.squeeze[0]), round(self.height * self.squeeze[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectBox:
    """A person or a moving thing in a frame: the box of what can be seen, the whole thing's height
    in pixels of the frame as sent, and which share of it can be seen. `partial` is what is not
    scored: someone who enters, leaves, or is all but hidden."""

    xyxy: tuple[float, float, float, float]
    height_px: float
    visible: float
    label: str = "person"
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A frame to come: its number, its time, how strongly the nuisance stirs (0..1, 0 outside of
    bursts), which burst it is in or was last, and how long into that burst."""

    number: int
    at_s: float
    stir: float
    burst: int = 0
    since_s: float = 0.0


def name_of(number: int) -> str:
    """The file name of a frame."""
    return f"{number:06d}.jpg"
