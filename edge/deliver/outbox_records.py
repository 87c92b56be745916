"""What the outbox hands out: entries, losses, and how full it is.

PURE. An entry's `state` is how far its delivery has come; its `decision` is what was said about it,
by the cloud or, after the deadline, by the edge. The two move apart: an entry that was called
`unconfirmed` during an outage is delivered all the same once the cloud is back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from contract.ids import CameraId, ReportId
from contract.report import ThreatReport
from contract.verdict import Decision

State = Literal["pending", "stored", "reported", "done", "buried"]
"""pending: nothing sent. stored: evidence is in the store. reported: the broker has the report.
done: decided by the cloud; its pictures are gone. buried: given up, kept for a look."""


class LossReason(StrEnum):
    """Why an entry was given up by the outbox itself."""

    QUOTA = "quota"
    DISK_FULL = "disk_full"
    AGE = "age"
    UNREADABLE = "unreadable"


AUDIT_RANK = -1
"""Under every severity: an audit waits for every suspicion and goes before any."""


TEST_RANK = -2
"""A self-test waits for everything and goes before anything."""


def rank(report: ThreatReport) -> int:
    """What decides who is delivered first and who goes last."""
    if report.test:
        return TEST_RANK
    return AUDIT_RANK if report.audit else report.severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """An entry that will not be delivered any further; never reported twice. The `severity` is its
    rank."""

    report_id: ReportId
    camera: CameraId
    severity: int
    state: State
    decision: Decision | None
    reason: LossReason


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A report on its way; `attempts` failed since the last step that succeeded, `sends` times it
    was reported without an answer."""

    report: ThreatReport
    state: State
    decision: Decision | None
    attempts: int
    sends: int

    @property
    def report_id(self) -> ReportId:
        return self.report.report_id

    @property
    def camera(self) -> CameraId:
        return self.report.camera

    @property
    def waits(self) -> bool:
        """Whether the cloud's verdict is still awaited, though the deadline may have passed."""
        return self.state not in {"done", "buried"} and self.decision in {None, "unconfirmed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How many entries are in each state, and the bytes of pictures and reports together; of them
    `in_memory` entries are in memory only, because of `trouble` with the disk."""

    entries: Mapping[State, int]
    bytes: int
    in_memory: int = 0
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairs:
    """What opening found and repaired: entries read from their copies beside the pictures, pictures
    that were missing, files that no entry needed, and the damaged database, if it was replaced."""

    salvaged: int = 0
    pictures_missing: int = 0
    orphans: int = 0
    set_aside: Path | None = None
