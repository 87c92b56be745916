"""How old an entry is, whatever the wall clock did since.

PURE but for `boot_id`. Within one boot of the machine its monotonic clock says it, over any number
of restarts of the daemon. Across a boot only the wall clock can, and only if it was trusted both
when the entry was put and now: a board without a battery starts in 1970, and the right time that
follows makes nothing half a century old. Else an entry is as old as this daemon has known it.
Called by the outbox.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contract.ids import ReportId
from service.clock import Clock

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """One instant on every clock: wall, monotonic seconds of a boot, and whether the wall clock is
    trusted."""

    at: datetime
    mono_s: float
    boot: str
    synchronised: bool


def age_s(put_at: ClockReading, now: ClockReading, known_for_s: float) -> float:
    """Seconds from `put_at` to `now`, never negative; `known_for_s` is for how long this process
    has known it, less than which no entry can be."""
    if put_at.boot and put_at.boot == now.boot:
        return max(known_for_s, now.mono_s - put_at.mono_s)
    if put_at.synchronised and now.synchronised:
        return max(known_for_s, (now.at - put_at.at).total_seconds())
    return max(0.0, known_for_s)


class Ages:
    """When each entry was put, and so how old it is; under the outbox's lock."""

    def __init__(self, clock: Clock, synchronised: Callable[[], bool], boot: str) -> None:
        self.synchronised = synchronised
        self._clock = clock
        self._boot = boot
        self._put_at: dict[ReportId, tuple[ClockReading, float]] = {}

    def now(self) -> ClockReading:
        return ClockReading(
            at=self._clock.now(),
            mono_s=self._clock.mono(),
            boot=self._boot,
            synchronised=self.synchronised(),
        )

    def remember(self, report_id: ReportId, put_at: ClockReading) -> None:
        self._put_at[report_id] = put_at, self._clock.mono()

    def forget(self, report_id: ReportId) -> None:
        self._put_at.pop(report_id, None)

    def knows(self, report_id: ReportId) -> bool:
        return report_id in self._put_at

    def known(self) -> tuple[ReportId, ...]:
        return tuple(self._put_at)

    def age_s(self, report_id: ReportId, now: ClockReading) -> float:
        """0 for an entry that is not known."""
        if report_id not in self._put_at:
            return 0.0
        put_at, since_s = self._put_at[report_id]
        return age_s(put_at, now, now.mono_s - since_s)


def boot_id() -> str:
    """The kernel's name for this start of the machine; empty, and so no other's, if it has none."""
    try:
        return _BOOT_ID.read_text().strip()
    except (OSError, ValueError):
        return ""
