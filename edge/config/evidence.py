"""The `deliver.evidence` section: which pictures go with a report, and at what cost.

Read through `edge.config.schema`, which is the whole. How the defaults were measured stands in
docs/evidence.md.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge.config.values import Section

Whole = Literal["none", "reduced", "full"]


class EvidenceConfig(Section):
    """Pictures that go with a report: crops of the object, and a view of the whole scene."""

    crops: int = Field(
        2,
        ge=1,
        le=4,
        description="Crops of the object from different frames; the cloud decides by the best two.",
    )
    requests: int = Field(
        2,
        ge=0,
        le=4,
        description="Further crops, one by one, where the cloud is undecided and asks for them.",
    )
    crop_apart_s: float = Field(
        0.3,
        ge=0,
        le=10,
        description="Least time between two crops; a walker's pose differs after half a step.",
    )
    crop_margin: float = Field(
        0.6,
        ge=0,
        le=4,
        description="Around the box on every side, as a share of its longer side.",
    )
    crop_max_px: int = Field(
        256, ge=64, le=2048, description="A crop with longer sides is reduced to this."
    )
    jpeg_quality: int = Field(75, ge=30, le=100, description="JPEG quality of crops.")
    whole: Whole = Field(
        "reduced", description="The whole frame: not sent, reduced, or full as the camera sent it."
    )
    whole_px: int = Field(480, ge=160, le=4096, description="reduced: the longer side.")
    whole_quality: int = Field(50, ge=20, le=100, description="reduced: JPEG quality.")
    event_s: float = Field(
        5.0,
        ge=0,
        le=3600,
        description="Reports of a camera no further apart are one event and share a whole view.",
    )
    context_frames: int = Field(
        0, ge=0, le=10, description="Further whole frames, from before the best one."
    )
    context_s: float = Field(4.0, ge=0, le=60, description="How far back context reaches.")
