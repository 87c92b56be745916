"""The `decide.tracking` section.

Read through `edge.config.schema`, which is the whole.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.values import Section
from service.sections import Share


class TrackingConfig(Section):
    max_gap_s: float = Field(
        1.5,
        ge=0.1,
        le=60,
        description="A track lives on unseen for this long, and for one missed frame of a slow "
        "camera.",
    )
    window: int = Field(
        10,
        ge=3,
        le=100,
        description="How many recent scores vote (their median), padded with zeros to 3.",
    )
    min_iou: Share = Field(0.1, description="Least overlap with the predicted box.")
    begin_score: Share = Field(
        0.3, description="A weaker detection continues a track and begins none."
    )
