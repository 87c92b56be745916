"""The `deliver.audit` section: how much of what was rejected is asked about all the same.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.values import Section, Share


class Audit(Section):
    """A few motion events in which nothing was suspected go to the cloud, to measure what is
    missed."""

    enabled: bool = Field(True, description="Off: nobody knows what is missed.")
    share: Share = Field(
        0.005,
        description=(
            "Of the rejected motion events. A site with 2000 a day learns within a month from 300 "
            "whether more than 1.3 % are missed threats."
        ),
    )
    max_bytes_per_day: int = Field(
        5_000_000,
        ge=0,
        le=100_000_000_000,
        description="Of pictures, by all cameras together; a hundred pictures at the default size.",
    )
    longest_side_px: int = Field(
        640, ge=160, le=4096, description="The picture is reduced to this: the full model's input."
    )
    jpeg_quality: int = Field(80, ge=30, le=100, description="Of the reduced picture.")
    alert: bool = Field(False, description="A missed threat turns `threat` ON like any other.")
