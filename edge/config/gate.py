"""The `gate` section: what counts as motion, and which changes are no thing.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from edge.config.values import Section

Nuisance = Literal["camera_jitter", "auto_mask", "ghost", "light", "dynamic_background", "brief"]
"""Changes that are no object; see `edge.gate.foreground_blobs` for what tells each of them."""

NUISANCES: tuple[Nuisance, ...] = get_args(Nuisance)


class GateConfig(Section):
    """The motion gate."""

    enabled: bool = Field(True, description="Off: the detector runs on every frame.")
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
        description="Faint motion starts the detector only this often, until something is found.",
    )
    light_share: float = Field(
        0.6,
        ge=0.1,
        le=1,
        description="Share of the picture beyond which a change is the light, not an object.",
    )
    background_s: float = Field(
        10.0, ge=0.5, le=600, description="Time constant of the background model."
    )
    linger_s: float = Field(
        2.0,
        ge=0,
        le=60,
        description="The detector goes on for this long after motion ends, where something was "
        "found.",
    )
    full_look_s: float = Field(
        15.0, ge=1, le=3600, description="The detector runs this often on a still scene, too."
    )
    ignore: tuple[Nuisance, ...] = Field(
        NUISANCES,
        description=(
            "Changes that are no object: camera_jitter, auto_mask of burned-in clocks and the "
            "like, ghost of what left, light on what was there, dynamic_background of leaves and "
            "waves, brief drops and insects. Leave one out and it passes."
        ),
    )
