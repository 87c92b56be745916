"""The `detect.regions` section and the shape of pixels: how closely the network looks at a frame.

Read through `edge.config.schema`, which is the whole.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge.config.values import Section

PixelAspect = Annotated[float, Field(ge=0.25, le=4)] | Literal["auto"]
"""Half-height fields of a wide scene come to 16/22, wide scenes in half the columns to 32/11: 0.25
and 4 leave room beyond both."""


class SearchRegionsConfig(Section):
    """Square crops around what moves and what is tracked, analysed beside the whole frame."""

    enabled: bool = Field(True, description="Off: the network sees whole frames only.")
    most_crops: int = Field(
        2, ge=0, le=16, description="Crops per frame; what waits longest comes first."
    )
    # A single picture has no votes, so each further look is another draw: four of them doubled the
    # false persons of the labelled stills at the edge (5 to 10 of 67), and one of 11 animals was
    # confirmed; persons confirmed rose from 53 to 55 of 61.
    most_crops_alone: int = Field(
        0, ge=0, le=32, description="Crops of a picture that may have to be decided on alone."
    )
    whole_every_s: float = Field(
        0.0,
        ge=0,
        le=10,
        description="Where crops cover all that moves and all tracks, the whole frame is "
        "run through the network only this often; 0: every time.",
    )
