"""The `health` section: when a camera counts as offline, blinded, moved or with a wrong clock.

Read through `edge.config.schema`, which is the whole. What the pictures are measured by stands with
its reasons in `edge/health/reference_view.py` and `edge/health/camera_health.py`; here are the
times, which a site may well want otherwise.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge.config.values import Section

Fault = Literal[
    "offline",
    "frozen",
    "dark",
    "blown_out",
    "defocused",
    "covered",
    "moved",
    "glare",
    "clock_wrong",
    "squeezed",
    "resizing",
    "unusable",
]


class HealthConfig(Section):
    """Camera health: what is wrong with a camera, whoever walks in front of it."""

    enabled: bool = Field(True, description="Off: cameras are not checked.")
    ignore: tuple[Fault, ...] = Field(
        (), description="Faults that are never reported, e.g. `moved` for a camera that pans."
    )
    check_s: float = Field(
        1.0, ge=0.1, le=60, description="At most one picture in this time is examined."
    )
    enter_s: float = Field(
        20.0,
        ge=0.1,
        le=3600,
        description="A fault must last this long; a lorry that stops and goes on does not.",
    )
    leave_s: float = Field(
        15.0,
        ge=0.1,
        le=3600,
        description="Pictures must be good for this long before the fault is over.",
    )
    frozen_s: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="A camera whose pictures are equal for this long is frozen; encoders of a "
        "still scene repeat "
        "theirs from one key frame to the next, 1 to 20 s.",
    )
    glare_s: float = Field(
        60.0, ge=1, le=3600, description="Glare must last this long: headlights pass in less."
    )
    accept_view_s: float = Field(
        3600.0,
        ge=10,
        le=604_800,
        description="A moved camera's new view is taken for the right one after this.",
    )
    offline_intervals: float = Field(
        10.0, ge=2, le=1000, description="Offline after so many of its usual intervals without ..."
    )
    offline_min_s: float = Field(
        60.0, ge=0.5, le=86_400, description="... but not before this; Wi-Fi cameras reconnect."
    )
    offline_s: float | None = Field(
        None,
        ge=0.5,
        le=2_592_000,
        description="Offline after this, whatever is usual; the only way for `kind: snapshot`, "
        "which keeps silent until something happens.",
    )
    clock_s: float = Field(
        120.0,
        ge=1,
        le=86_400,
        description="The time that a camera claims may be off by this much.",
    )
