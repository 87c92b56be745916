"""Missed threat v1: what a person says was there, and nothing was raised about.

PURE. A record in the object store, never altered. The same class at the same camera in the same
second is the same threat, whoever reports it, so it is counted once.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import Annotated, Literal

from pydantic import Field

from contract.operator_action import UserName
from contract.report import CameraName, GatewayName, Wire, absent
from contract.values import Moment, Sentence, Word


class MissedThreat(Wire):
    """One thing of which nobody was notified."""

    version: Literal[1] = Field(1, description="Version of this record.")
    gateway: GatewayName = Field(description="Who should have raised it.")
    camera: CameraName = Field(description="The camera that should have seen it.")
    label: Annotated[Word, Field(min_length=1)] = Field(description="Its class, by COCO's names.")
    missed_at: Moment = Field(description="When it was there.")
    note: Sentence | None = Field(None, exclude_if=absent, description="In the operator's words.")
    by: UserName = Field(description="Who reported it.")
    reported_at: Moment = Field(description="When, by the clock of the cloud.")

    @property
    def id(self) -> str:
        """64 hex digits of what was missed, when and where."""
        second = self.missed_at.astimezone(UTC).replace(microsecond=0).isoformat()
        said = "\n".join((self.gateway, self.camera, self.label, second))
        return hashlib.sha256(said.encode()).hexdigest()
