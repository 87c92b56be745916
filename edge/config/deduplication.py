"""The `decide.deduplication` section.

Read through `edge.config.schema`, which is the whole.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from edge.config.values import Section


class DeduplicationConfig(Section):
    """Similar suspicions of a camera make one event, reported once; what is new gets through."""

    enabled: bool = Field(True, description="Off: every rule that fires raises a suspicion.")
    quiet_s: float = Field(
        2.0,
        ge=0.5,
        le=3600,
        description="An event ends when nothing similar was there for this long.",
    )
    window_s: float = Field(
        10.0,
        ge=0,
        le=3600,
        description="Within an event, similar suspicions are only counted for this long; doubled "
        "each time.",
    )
    longest_s: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="Longest such time, and for how long places, and single pictures that come "
        "again byte for byte, are remembered.",
    )
    # Who comes after a pause is somebody else, and must not be lost in a number: so the budget is
    # for the camera that has gone mad. Twenty in a row, and then a hundred an hour, are more than
    # people bring about on ground that is worth an alarm.
    budget: int = Field(
        20, ge=1, le=1000, description="Events reported at any pace; beyond, one in `refill_s`."
    )
    refill_s: float = Field(
        36.0, ge=1, le=86_400, description="Time in which the budget grows by 1."
    )
    near: float = Field(
        3.0, ge=0, le=100, description="Objects this near, in their heights, are at one place."
    )

    @model_validator(mode="after")
    def _windows_are_in_order(self) -> DeduplicationConfig:
        if self.window_s > self.longest_s:
            raise ValueError("window_s is over longest_s")
        return self
