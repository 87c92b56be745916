"""When the evidence confirms a suspicion: limits that an operator may set.

PURE. Part of the worker's settings and of the archive's rules.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contract.labels import CYCLES, Group, group_of
from service.sections import Share


class StrictSection(BaseModel):
    """Base of every section: frozen, unknown keys refused, no guessing of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class GroupLimits(StrictSection):
    """A limit of its own for a group of labels; absent: the general one."""

    person: Share | None = Field(None, description="People; absent: `confirm_at`.")
    # The lowest that no false place of the calibration half of the development set's stills reaches
    # (`python -m tools.evaluation.calibrate`, table in docs/evidence.md).
    vehicle: Share | None = Field(
        0.5, description="Cars, buses and trucks, by the sum of their scores."
    )
    # As of cars: wheels alone may be a pushchair's. With a rider at their place the general limit
    # holds, for two things then say the same.
    cycle: Share | None = Field(
        0.5, description="Bicycles and motorcycles without a rider; with one: `confirm_at`."
    )
    # Two things then say the same. The general limit is reached by 2 of 225 false places of the
    # calibration half.
    driving: Share | None = Field(
        None,
        description="Cars, trucks and buses of at least 32x32 px that the gateway saw come from "
        "elsewhere.",
    )
    animal: Share | None = Field(None, description="Animals; absent: `confirm_at`.")
    other: Share | None = Field(None, description="Everything else; absent: `confirm_at`.")

    def of(self, label: str) -> float | None:
        group: Group | Literal["cycle"] = "cycle" if label in CYCLES else group_of(label)
        return {
            "cycle": self.cycle,
            "person": self.person,
            "vehicle": self.vehicle,
            "animal": self.animal,
            "other": self.other,
        }[group]


class Policy(StrictSection):
    """When what the full model sees in the evidence confirms a suspicion."""

    # One in twenty false places of the calibration half reaches 0.38 for a person, and a gateway
    # asks only about what it saw move (docs/evidence.md). Not to confirm a person is the worse.
    confirm_at: Share = Field(0.35, description="A detection with at least this score confirms.")
    confirm_at_of: GroupLimits = Field(
        default_factory=GroupLimits, description="The same limit for one group of labels."
    )
    refute_below: Share = Field(
        0.2,
        description="A score below this refutes; between this and the limit more pictures are "
        "looked at, and then asked for.",
    )
    min_iou: Share = Field(
        0.3, description="A detection must overlap the suspected box by this much (IoU)."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Policy:
        own = self.confirm_at_of.model_dump().values()
        lowest = min(self.confirm_at, *(limit for limit in own if limit is not None), 1.0)
        if self.refute_below > lowest:
            raise ValueError(
                f"refute_below {self.refute_below} is above the limit {lowest} that confirms"
            )
        return self

    def limit_of(self, label: str, *, driving: bool = False) -> float:
        """The score from which a sighting of `label`'s group confirms; `driving`: a vehicle that
        was seen to come from elsewhere."""
        drives = driving and group_of(label) == "vehicle" and label not in CYCLES
        own = self.confirm_at_of.driving if drives else self.confirm_at_of.of(label)
        return self.confirm_at if own is None else own
