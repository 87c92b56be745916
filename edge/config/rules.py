"""The `decide` section: threat rules, schedules, day and night, with the default rules.

Read through `edge.config.schema`, which is the whole.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from edge.config.day_night import DayNightConfig, NightConfig
from edge.config.deduplication import DeduplicationConfig
from edge.config.schedule import ScheduleConfig
from edge.config.static_objects import StaticObjectsConfig
from edge.config.tracking import TrackingConfig
from edge.config.values import Name, Section
from service.sections import Share


class RuleConfig(Section):
    """What counts as a threat."""

    id: Name = Field(description="Name of the rule.")
    labels: tuple[str, ...] = Field(min_length=1, description="Classes that it is about.")
    min_score: Share = Field(
        0.3, description="A detection with a lower score counts as 0 in the vote."
    )
    threshold: Share = Field(0.35, description="The median of recent scores must reach it.")
    snapshot_threshold: Share = Field(0.35, description="A single picture's score must reach it.")
    snapshot_min_area: Share = Field(
        0.0, description="Single pictures: least share of the picture that the object covers."
    )
    min_area: Share = Field(0.0, description="Least share of the picture that the box covers.")
    max_area: Share = Field(1.0, description="Greatest share of the picture that the box covers.")
    min_ratio: float = Field(0.0, ge=0, le=100, description="Least width / height of the box.")
    max_ratio: float = Field(100.0, ge=0, le=100, description="Greatest width / height of the box.")
    zones: tuple[Name, ...] = Field((), description="Only in these zones; empty: everywhere.")
    loitering_s: float = Field(
        0.0, ge=0, le=3600, description="Only after so long in a zone of the rule, or in view."
    )
    lines: tuple[Name, ...] = Field(
        (), description="Only on crossing one of these; empty: not asked."
    )
    schedules: tuple[Name, ...] = Field((), description="Only during these; empty: at all times.")
    must_move: bool = Field(True, description="Only objects that were seen moving (streams).")
    min_travel: float = Field(
        0.2,
        ge=0,
        le=100,
        description="must_move: how far the feet must have moved, in the object's own heights.",
    )
    cooldown_s: float = Field(
        10.0,
        ge=0,
        le=3600,
        description="After a report of a track no further one for this long; doubled each time.",
    )
    severity: int = Field(
        2, ge=0, le=2, description="AVS-01 level, 0 to 2; only the cloud may raise it further."
    )
    night: NightConfig | None = Field(None, description="Values that replace these at night.")

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> RuleConfig:
        by_night = self.at_night()
        for rule in (self, by_night):
            if rule.min_area > rule.max_area or rule.min_ratio > rule.max_ratio:
                raise ValueError(
                    "min_area or min_ratio is over max_area or max_ratio: none would fit"
                )
        return self

    def at_night(self) -> RuleConfig:
        """The rule as it holds at night."""
        if self.night is None:
            return self
        return self.model_copy(update=self.night.model_dump(exclude_none=True))


DEFAULT_RULES = (
    RuleConfig(id="person", labels=("person",)),
    RuleConfig(
        id="vehicle",
        labels=("bicycle", "car", "motorcycle", "bus", "truck"),
        min_score=0.35,
        threshold=0.4,
        snapshot_threshold=0.4,
        snapshot_min_area=0.02,
        severity=1,
    ),
)
"""A single picture does not show whether a vehicle moves. One that set off a movement sensor is
within its reach of some 12 m and so large; a parked one in the background is not. With 0.002 more
labelled stills are found (vehicles in 14 of 20 instead of 10, none false), but every van parked in
the background raises an alert with each picture until the cloud has answered.
"""


class DecideConfig(Section):
    """Tracking and threat rules."""

    tracking: TrackingConfig = Field(default_factory=TrackingConfig, description="The tracker.")
    rules: tuple[RuleConfig, ...] = Field(DEFAULT_RULES, description="First match wins per track.")
    schedules: tuple[ScheduleConfig, ...] = Field((), description="Weekly hours, named by rules.")
    deduplication: DeduplicationConfig = Field(
        default_factory=DeduplicationConfig, description="Deduplication of similar suspicions."
    )
    day_night: DayNightConfig = Field(default_factory=DayNightConfig, description="Day or night.")
    static_objects: StaticObjectsConfig = Field(
        default_factory=StaticObjectsConfig, description="Memory of static objects."
    )

    @model_validator(mode="after")
    def _ids_are_distinct(self) -> DecideConfig:
        for key, ids in (
            ("rules", [rule.id for rule in self.rules]),
            ("schedules", [schedule.id for schedule in self.schedules]),
        ):
            if len(set(ids)) != len(ids):
                raise ValueError(f"{key}: ids repeat: {ids}")
        return self
