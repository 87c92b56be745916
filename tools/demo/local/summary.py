"""The funnel of each camera, from the gateway's own counts, and whether the run was sound.

PURE. Called by `collector` with each `stats` message and by `run` at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FrameCount = Annotated[int, Field(ge=0)]
SUMMARY_KEYS = (
    *("received", "rejected", "superseded", "quiet", "analysed"),
    *("suspicions", "confirmed", "refuted", "unconfirmed"),
)


class CameraCounts(BaseModel):
    """What became of a camera's frames and of the suspicions they raised."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    received: FrameCount = 0
    rejected: dict[str, FrameCount] = Field(default_factory=dict)
    superseded: FrameCount = 0
    quiet: FrameCount = 0
    analysed: FrameCount = 0
    suspicions: FrameCount = 0
    confirmed: FrameCount = 0
    refuted: FrameCount = 0
    inconclusive: FrameCount = 0
    unconfirmed: FrameCount = 0

    @property
    def rejections(self) -> int:
        return sum(self.rejected.values())

    @property
    def verdicts(self) -> int:
        return self.confirmed + self.refuted + self.inconclusive + self.unconfirmed

    @property
    def unaccounted(self) -> int:
        """Received frames that ended nowhere yet; zero once the gateway has stopped."""
        return self.received - self.rejections - self.superseded - self.quiet - self.analysed


class _Stats(BaseModel):
    model_config = ConfigDict(extra="ignore")

    cameras: dict[str, CameraCounts] = Field(default_factory=dict)


def read_stats(payload: bytes) -> dict[str, CameraCounts] | None:
    """The funnels in a `stats` message, or None if it is none."""
    try:
        return _Stats.model_validate_json(payload).cameras
    except ValidationError:
        return None


def problems(
    funnels: Mapping[str, CameraCounts], expected: Iterable[str], *, must_alarm: bool = True
) -> tuple[str, ...]:
    """What was wrong with a finished run, in words; empty if nothing was. Before a real camera
    nothing need happen."""
    found = []
    for camera in expected:
        if camera not in funnels or not funnels[camera].received:
            found.append(f"camera {camera}: the gateway saw no frame of it")
    for camera, funnel in sorted(funnels.items()):
        if funnel.unaccounted:
            found.append(
                f"camera {camera}: {funnel.unaccounted} of {funnel.received} frames "
                "are not accounted for"
            )
        if funnel.verdicts < funnel.suspicions:
            missing = funnel.suspicions - funnel.verdicts
            found.append(f"camera {camera}: {missing} of {funnel.suspicions} verdicts are missing")
    if must_alarm and not any(funnel.verdicts for funnel in funnels.values()):
        found.append("no verdict came" + _why_none(funnels.values()))
    return tuple(found)


def _why_none(funnels: Iterable[CameraCounts]) -> str:
    raised = sum(funnel.suspicions for funnel in funnels)
    return f" on {raised} suspicions" if raised else ": nothing in the footage was suspicious"


def summary_json(funnels: Mapping[str, CameraCounts]) -> str:
    """`{"cameras": {ID: {"received": .., ..}}}`, whole numbers, rejections summed."""
    cameras = {camera: _counts(funnel) for camera, funnel in sorted(funnels.items())}
    return json.dumps({"cameras": cameras}, indent=2) + "\n"


def _counts(funnel: CameraCounts) -> dict[str, int]:
    values = {**funnel.model_dump(), "rejected": funnel.rejections}
    return {key: values[key] for key in SUMMARY_KEYS}
