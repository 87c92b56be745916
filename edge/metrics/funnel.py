"""The funnel of a camera at one moment: what became of its frames and of its suspicions.

PURE. The law: received = rejected + superseded + quiet + analysed + in flight.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from contract.ids import CameraId

UNKNOWN = CameraId("_unknown")
"""Under this name the frames are counted that belong to no camera which is followed."""

OTHERS = CameraId("_others")
"""Takes what is counted of cameras that have no place of their own."""

FrameStage = Literal["received", "superseded", "quiet", "analysed"]
SuspicionStage = Literal[
    "suspicions",
    "deduplicated",
    "confirmed",
    "refuted",
    "inconclusive",
    "unconfirmed",
    "lost",
    "notified",
]

STAGES: tuple[FrameStage, ...] = get_args(FrameStage)
ALARMS: tuple[SuspicionStage, ...] = get_args(SuspicionStage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Counts since the start; `rejected_by` holds them by reason, `deduplicated` are findings that
    the next report counts, `lost` are suspicions that could not be kept, `notified` verdicts that a
    broker took, counted for each; `suppressed_by` are alarms by the reason for which they were not
    raised, `inferences` the network's runs."""

    received: int = 0
    superseded: int = 0
    quiet: int = 0
    analysed: int = 0
    suspicions: int = 0
    deduplicated: int = 0
    confirmed: int = 0
    refuted: int = 0
    inconclusive: int = 0
    unconfirmed: int = 0
    lost: int = 0
    notified: int = 0
    inferences: int = 0
    rejected_by: Mapping[str, int] = field(default_factory=dict)
    suppressed_by: Mapping[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        return sum(self.rejected_by.values())

    @property
    def in_flight(self) -> int:
        """Received and not settled yet; 0 when everything is drained, never below."""
        return self.received - self.rejected - self.superseded - self.quiet - self.analysed

    def as_json(self) -> dict[str, int | dict[str, int]]:
        """As `stats` says it; `rejected` and `suppressed` by reason."""
        counts: dict[str, int | dict[str, int]] = {n: getattr(self, n) for n in STAGES + ALARMS}
        return counts | {
            "inferences": self.inferences,
            "rejected": dict(self.rejected_by),
            "suppressed": dict(self.suppressed_by),
        }
