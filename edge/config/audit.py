"""The `deliver.audit` section: how much of what was rejected is asked about all the same.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.values import Section
from service.sections import Share


class AuditConfig(Section):
    """A few of the motion events in which nothing was suspected, and of the minutes in which the
    gate saw nothing at all, go to the cloud, to measure what is missed."""

    enabled: bool = Field(True, description="Off: what is missed is not measured.")
    share: Share = Field(
        0.005,
        description=(
            "Of the rejected motion events; less where that would be more than the day's bytes. A "
            "site with 2000 a day learns within a month from 300 whether more than 1.3 % are "
            "missed threats."
        ),
    )
    quiet_share: Share = Field(
        0.0005,
        description=(
            "Of the minutes in which nothing moved for the gate; less likewise. Ten cameras learn "
            "within a month from some 200."
        ),
    )
    max_bytes_per_day: int = Field(
        10_000_000,
        ge=0,
        le=100_000_000_000,
        description="Bytes of pictures per day, of all cameras together; 40 audits of the usual "
        "size.",
    )
    max_bytes: int = Field(
        400_000,
        ge=20_000,
        le=10_000_000,
        description="Of one audit's pictures, and at most a sixteenth of a day's; they are reduced "
        "until they fit.",
    )
    moments: int = Field(
        4,
        ge=1,
        le=8,
        description="Pictures of an event that lasted; one before and one after it come on top.",
    )
    longest_side_px: int = Field(
        960, ge=160, le=4096, description="The camera's whole frames are reduced to this."
    )
    jpeg_quality: int = Field(
        75, ge=30, le=100, description="JPEG quality of the reduced pictures."
    )
    alert: bool = Field(False, description="A missed threat turns `threat` ON like any other.")
