"""The `gate` section: what counts as motion, and which changes are no thing.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from edge.config.values import Section

Nuisance = Literal["shake", "auto_mask", "ghost", "light", "restless", "brief"]
"""Changes that are no thing; see `edge.gate.foreground_blobs` for what tells each of them."""

NUISANCES: tuple[Nuisance, ...] = get_args(Nuisance)


class Gate(Section):
    """The motion gate."""

    enabled: bool = Field(True, description="Off: every frame is looked at.")
    min_diff: int = Field(
        10,
        ge=2,
        le=128,
        description="Grey levels over noise that count as change in mid-grey; fewer where it is "
        "darker, as contrast is.",
    )
    min_share: float = Field(
        0.0001, ge=0, le=0.5, description="Share of the picture that must move."
    )
    # A walker 30 px tall in 640x480 is 0.0006 of the picture, and half of him differs from it.
    faint_share: float = Field(
        0.0004, ge=0, le=0.5, description="A smaller share that moves is faint: a far walker, rain."
    )
    faint_every_s: float = Field(
        1.0,
        ge=0,
        le=60,
        description="What is faint is looked at this often, until something is found in it.",
    )
    light_share: float = Field(
        0.6, ge=0.1, le=1, description="Share beyond which it is the light, not a thing."
    )
    background_s: float = Field(
        10.0, ge=0.5, le=600, description="Time constant of the background's memory."
    )
    linger_s: float = Field(
        2.0,
        ge=0,
        le=60,
        description="Keep looking for so long after motion ends, at what was found.",
    )
    full_look_s: float = Field(
        15.0, ge=1, le=3600, description="Look at a still scene this often all the same."
    )
    ignore: tuple[Nuisance, ...] = Field(
        NUISANCES,
        description=(
            "Changes that are no thing: shake of the camera, auto_mask of burned-in clocks and the "
            "like, ghost of what left, light on what was there, restless leaves, brief drops and "
            "insects. Leave one out and it passes."
        ),
    )
