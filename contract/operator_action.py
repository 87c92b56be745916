"""Operator action v1: what somebody did about an alarm, as it is stored beside it.

PURE. Actions of one alarm are numbered from 1 and never altered: who made number N saw all before
it, so two people cannot both claim what is free. What the actions add up to is `cloud.index`'s.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contract.report import CameraName, GatewayName, ReportName, Wire, absent
from contract.values import Moment, Sentence, Word

ActionKind = Literal[
    "claim", "release", "outcome", "reopen", "note", "park", "escalate", "hand_over", "step"
]
OutcomeCode = Literal["real", "false", "expected", "test", "unclear"]
"""`real`: a threat. `false`: nothing of the kind was there. `expected`: somebody who may be there,
seen rightly. `test`: made on purpose. `unclear`: the pictures do not say."""

MOST_ACTIONS = 1000
"""Of one alarm; more than people ever do about one."""

_NEEDS: dict[ActionKind, str] = {
    "outcome": "outcome",
    "note": "note",
    "park": "until",
    "hand_over": "to",
    "step": "step",
}
"""The field that an action of a kind cannot do without."""

UserName = Annotated[Word, Field(min_length=1)]


class OperatorAction(Wire):
    """One entry in an alarm's list of who did what."""

    version: Literal[1] = Field(1, description="Version of this record.")
    report_id: ReportName = Field(description="The report whose alarm it is.")
    gateway: GatewayName = Field(description="Who raised it.")
    camera: CameraName = Field(description="The camera that it is about.")
    number: Annotated[int, Field(ge=1, le=MOST_ACTIONS)] = Field(
        description="Counts the actions on this alarm, from 1."
    )
    kind: ActionKind = Field(
        description="`claim` and `release` it, close it with an `outcome`, `reopen` it, add a "
        "`note`, `park` it, `escalate` it, `hand_over` to somebody, tick a `step` of the site's "
        "script."
    )
    by: UserName = Field(description="Who did it.")
    at: Moment = Field(description="When, by the clock of the cloud.")
    to: UserName | None = Field(
        None, exclude_if=absent, description="Who has it from now on, or is called."
    )
    outcome: OutcomeCode | None = Field(
        None, exclude_if=absent, description="What it turned out to be."
    )
    note: Sentence | None = Field(None, exclude_if=absent, description="In the operator's words.")
    until: Moment | None = Field(
        None, exclude_if=absent, description="When a parked alarm comes back."
    )
    step: Word | None = Field(None, exclude_if=absent, description="Id of the step that was done.")

    @model_validator(mode="after")
    def _says_enough(self) -> Self:
        needed = _NEEDS.get(self.kind)
        if needed is not None and not getattr(self, needed):
            raise ValueError(f"{self.kind} needs the field {needed}")
        return self
