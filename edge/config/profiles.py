"""Profiles of a site (away, night, holiday), and what is set live, over the values of the file.

PURE. A profile is a set of overrides under a name; which one holds is set over MQTT. What somebody
sets of a camera by itself stands over both. Laid over the file's by `overridden`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field, model_validator

from contract.ids import CameraId
from edge.config.rules import RuleConfig
from edge.config.values import Name, Section
from service.sections import Share

Threshold = Literal["min_score", "threshold"]
LiveThresholds = Mapping[CameraId, Mapping[Threshold, float]]


class CameraProfileConfig(Section):
    """What a profile changes; an absent key stays as it is without the profile."""

    enabled: bool | None = Field(None, description="Instead of the camera's enabled.")
    armed: bool | None = Field(None, description="Instead of the camera's armed.")
    min_score: Share | None = Field(None, description="Instead of every rule's min_score.")
    threshold: Share | None = Field(
        None, description="Instead of every rule's threshold and snapshot_threshold."
    )


class ProfileConfig(CameraProfileConfig):
    """A profile: for all cameras, and for some something else."""

    cameras: dict[Name, CameraProfileConfig] = Field(
        default_factory=dict, description="What differs for one camera while the profile holds."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> ProfileConfig:
        if not self.model_dump(exclude_none=True, exclude_defaults=True):
            raise ValueError("a profile that changes nothing: give it armed, min_score or another")
        return self

    def of(self, camera: str | None) -> CameraProfileConfig:
        """What it says of a camera; None stands for those that are not listed."""
        own = self.cameras.get(camera or "", CameraProfileConfig())
        said = own.model_dump(exclude_none=True)
        general = self.model_dump(exclude_none=True, exclude={"cameras"})
        return CameraProfileConfig.model_validate({**general, **said})

    def touches(self, camera: str, key: str) -> bool:
        """Whether it says anything of that key of the camera."""
        return getattr(self.of(camera), key) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveValues:
    """What is set from afar beside the switches."""

    profile: str | None = None
    thresholds: LiveThresholds = field(default_factory=dict)


def with_thresholds(
    rules: tuple[RuleConfig, ...], min_score: float | None, threshold: float | None
) -> tuple[RuleConfig, ...]:
    """The rules with these in place of their own, by night too; None leaves them."""
    changed: dict[str, float] = {}
    if min_score is not None:
        changed["min_score"] = min_score
    if threshold is not None:
        changed |= {"threshold": threshold, "snapshot_threshold": threshold}
    if not changed:
        return rules
    own_at_night = dict.fromkeys(changed)
    return tuple(
        rule.model_copy(
            update={**changed, "night": rule.night and rule.night.model_copy(update=own_at_night)}
        )
        for rule in rules
    )
