"""Operator outcome v1: what a person made of an alarm, told to the gateway that raised it.

PURE. It travels on the camera's `verdict` topic, signed as verdicts are. It is no verdict and
closes nothing: `false` makes the gateway remember what it raised the alarm about, as if the cloud
had refuted it, so that it is not raised again, and `real` makes it forget what it remembered so,
for this report or at its place. Others change nothing there. Told twice, it changes nothing more.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contract.operator_action import OutcomeCode
from contract.report import CameraName, GatewayName, ReportName, Wire
from contract.values import Moment

OPERATOR_OUTCOME_TYPE = "io.stillwatch.operator-outcome.v1"


class OperatorOutcome(Wire):
    """Somebody closed an alarm."""

    version: Literal[1] = Field(1, description="Version of this message.")
    report_id: ReportName = Field(description="The report that it is about.")
    gateway: GatewayName = Field(description="Who raised it.")
    camera: CameraName = Field(description="The camera that it is about.")
    outcome: OutcomeCode = Field(description="What it turned out to be.")
    said_at: Moment = Field(description="When the operator said so, by the cloud's clock.")
