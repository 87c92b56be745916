"""The verdicts on one device's day: the record between threat and plot.

PURE. Strict writer, tolerant reader.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from contract.report import CameraName, Sha256, Wire
from contract.verdict import Verdict


class PictureVerdicts(Wire):
    """A picture and the verdict on each class of the rules."""

    picture: str
    captured_at: AwareDatetime
    verdicts: tuple[Verdict, ...]

    @property
    def confirmed(self) -> tuple[Verdict, ...]:
        return tuple(one for one in self.verdicts if one.decision == "confirmed")


class DayVerdicts(Wire):
    """Every picture of a device in a day (UTC), in time order."""

    version: Literal[1] = 1
    device: CameraName
    day: date
    rules_sha256: Sha256
    pictures: tuple[PictureVerdicts, ...]
