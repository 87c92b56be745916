"""How old an entry is, whatever the wall clock did since.

PURE. Within one boot of the machine its monotonic clock says it, over any number of restarts of the
daemon. Across a boot only the wall clock can, and only if it was believed both when the entry was
put and now: a board without a battery starts in 1970, and the right time that follows makes
nothing half a century old. Else an entry is as old as this daemon has known it. Called by the
outbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One instant on every clock: wall, monotonic seconds of a boot, and whether the wall clock is
    believed."""

    at: datetime
    mono_s: float
    boot: str
    synchronised: bool


def age_s(born: Moment, now: Moment, known_for_s: float) -> float:
    """Seconds from `born` to `now`, never negative; `known_for_s` is for how long this process has
    known it, less than which no entry can be."""
    if born.boot and born.boot == now.boot:
        return max(known_for_s, now.mono_s - born.mono_s)
    if born.synchronised and now.synchronised:
        return max(known_for_s, (now.at - born.at).total_seconds())
    return max(0.0, known_for_s)
