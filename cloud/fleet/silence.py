"""Who is silent, and why; when a gap in watching begins and ends.

PURE. A gateway is silent when its last will or its farewell says so, or when nothing of it was
heard for too long though the broker believes it to be there. A camera is silent when its gateway,
which is not, says that it is offline. `Gaps` makes of this the beginnings and ends of gaps; a gap
that is over before its time has never begun. Called by `report` and `watching`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cloud.fleet.states import FleetGateway
from contract.ids import CameraId, GatewayId

GapSubject = tuple[GatewayId, CameraId | None]
"""A gateway, or one of its cameras."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which nobody watched: `reason` is `offline` (died, or cannot be reached), `stopped`
    (in order), `stale` (nothing heard though it is said to be there). `end` is None while it
    lasts."""

    subject: GapSubject
    reason: str
    begin: datetime
    end: datetime | None = None

    def as_json(self) -> dict[str, object]:
        """As it is published and printed."""
        gateway, camera = self.subject
        lasted = None if self.end is None else (self.end - self.begin).total_seconds()
        return {
            "gateway": gateway,
            "camera": camera,
            "reason": self.reason,
            "begin": self.begin.isoformat(timespec="milliseconds"),
            "end": None if self.end is None else self.end.isoformat(timespec="milliseconds"),
            "seconds": lasted if lasted is None else round(lasted, 3),
        }


def silent(name: GatewayId, known: FleetGateway, stale: bool) -> Iterator[tuple[GapSubject, str]]:
    """The gateway with its reason, or else its silent cameras; `stale`: nothing heard for too
    long."""
    if known.presence is None and not known.info:
        return  # nobody ever said that it exists
    if known.presence != "online":
        yield (name, None), known.presence or "offline"
    elif stale:
        yield (name, None), "stale"
    else:
        for camera, one in known.cameras.items():
            if one.status == "offline":
                yield (name, camera), "offline"


class Gaps:
    """The gaps that are open; `after_s`: one that ends sooner is not told."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._open: dict[GapSubject, Gap] = {}
        self._waiting: dict[GapSubject, tuple[float, Gap]] = {}

    def resume(self, gap: Gap) -> None:
        """One that was told before we began, and has not ended as far as is known."""
        self._open[gap.subject] = gap

    def step(
        self, found: Mapping[GapSubject, tuple[str, datetime | None]], now: datetime, mono: float
    ) -> list[Gap]:
        """What began or ended: `found` are the silent ones, with the reason and when each was seen
        last, if that is known."""
        ended = [
            replace(gap, end=max(now, gap.begin))
            for subject, gap in self._open.items()
            if subject not in found
        ]
        for gap in ended:
            del self._open[gap.subject]
        for subject in [one for one in self._waiting if one not in found]:
            del self._waiting[subject]
        for subject, (reason, seen_at) in found.items():
            if subject not in self._open and subject not in self._waiting:
                begin = _begin(seen_at, now)
                gap = Gap(subject=subject, reason=reason, begin=begin)
                self._waiting[subject] = mono, gap
        due = [
            subject
            for subject, (since_s, _) in self._waiting.items()
            if mono - since_s >= self._after_s
        ]
        begun = [self._waiting.pop(subject)[1] for subject in due]
        self._open |= {gap.subject: gap for gap in begun}
        return ended + begun

    @property
    def open(self) -> tuple[Gap, ...]:
        """Those that last."""
        return tuple(self._open.values())


def _begin(seen_at: datetime | None, now: datetime) -> datetime:
    """When it was seen last; a gateway's clock that is ahead of ours says nothing."""
    return now if seen_at is None or seen_at > now + timedelta(seconds=1) else min(seen_at, now)
