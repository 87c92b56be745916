"""Stills: was the person or vehicle in a single picture confirmed, and none where there is none?

PURE. A still has no motion, so a vehicle in it counts whether it stands or drives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.evaluation.evaluate.events import ObjectClass
from tools.evaluation.evaluate.observed import StillRun
from tools.evaluation.evaluate.score import Traffic
from tools.evaluation.evaluate.wilson import Interval, wilson

STILL_CLASSES: tuple[ObjectClass, ...] = ("person", "vehicle")


@dataclass(frozen=True, slots=True, kw_only=True)
class StillsRecall:
    """Pictures of a class: with it and confirmed, without it and confirmed all the same."""

    present: int
    found: int
    absent: int
    false: int
    files_missed: tuple[str, ...]
    files_false: tuple[str, ...]

    def recall_interval(self) -> Interval | None:
        return wilson(self.found / self.present, self.present) if self.present else None

    def false_interval(self) -> Interval | None:
        return wilson(self.false / self.absent, self.absent) if self.absent else None


def score_stills(stills: Sequence[StillRun], cls: ObjectClass) -> StillsRecall:
    """Counts over the pictures that are labelled for `cls`; nulls are left out.

    A bicycle is no vehicle here, neither in the labels nor in what is confirmed.
    """
    present = [still for still in stills if still.labels[cls] is True]
    absent = [still for still in stills if still.labels[cls] is False]
    missed = tuple(still.file for still in present if not _says(still, cls))
    false = tuple(still.file for still in absent if _says(still, cls))
    return StillsRecall(
        present=len(present),
        found=len(present) - len(missed),
        absent=len(absent),
        false=len(false),
        files_missed=missed,
        files_false=false,
    )


def stills_traffic(stills: Sequence[StillRun]) -> Traffic:
    sent = [judged for still in stills for judged in still.suspicions]
    return Traffic(
        frames=len(stills),
        bytes_in=sum(still.seen.frame_bytes for still in stills),
        suspicions=len(sent),
        bytes_out=sum(judged.bytes_out for judged in sent),
    )


def _says(still: StillRun, cls: ObjectClass) -> bool:
    alarms = (judged.as_confirmed() for judged in still.suspicions)
    return any(alarm is not None and alarm.cls == cls for alarm in alarms)
