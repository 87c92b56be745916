"""The `decide.day_night` section: when it is night, as the picture shows it.

Read through `edge.config.schema`. A rule's `night` section says what then holds instead.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from edge.config.values import Section
from service.sections import Share


class DayNightConfig(Section):
    """Day or night, measured in the picture and not by the clock."""

    enabled: bool = Field(True, description="Off: it is always day.")
    # Automatic exposure aims at about half of the scale (118 is photography's grey card); a picture
    # that stays under a third of that has run out of light.
    night_luma: float = Field(
        40.0, ge=0, le=255, description="Mean grey level (0 to 255) under which it is night."
    )
    day_luma: float = Field(60.0, ge=0, le=255, description="Mean grey level over which it is day.")
    infrared: bool = Field(True, description="A picture without colour is infrared, and so night.")
    # An infrared picture's channels differ by JPEG's rounding, under 0.5 in the mean; the greyest
    # daylight among the development footage, wet asphalt under clouds, by 3.
    night_chroma: float = Field(
        1.0, ge=0, le=255, description="infrared: mean spread of the channels without colour."
    )
    day_chroma: float = Field(
        2.0, ge=0, le=255, description="infrared: mean spread of the channels with colour."
    )
    hold_s: float = Field(
        10.0, ge=0, le=3600, description="A change must last this long; headlights do not."
    )

    @model_validator(mode="after")
    def _has_hysteresis(self) -> DayNightConfig:
        if self.day_luma < self.night_luma or self.day_chroma < self.night_chroma:
            raise ValueError("day_luma and day_chroma must not be under night_luma, night_chroma")
        return self


class NightConfig(Section):
    """Values of a rule at night; an absent key stays as by day."""

    min_score: Share | None = Field(None, description="At night instead of the rule's value.")
    threshold: Share | None = Field(None, description="At night instead of the rule's value.")
    snapshot_threshold: Share | None = Field(
        None, description="At night instead of the rule's value."
    )
    snapshot_min_area: Share | None = Field(
        None, description="At night instead of the rule's value."
    )
    min_area: Share | None = Field(None, description="At night instead of the rule's value.")
    max_area: Share | None = Field(None, description="At night instead of the rule's value.")
    min_travel: float | None = Field(
        None, ge=0, le=100, description="At night instead of the rule's value."
    )
    loitering_s: float | None = Field(
        None, ge=0, le=3600, description="At night instead of the rule's value."
    )
