"""Motion events, and which of those that were rejected are audited.

PURE. A motion event is a stretch in which something changed in front of a camera, whether the gate
called it a thing, a nuisance or a change of light; it is over after `GAP_S` without, or after
`LONGEST_S`. It was rejected if nothing was suspected in it. Whether an event is audited is drawn
when it begins, from the gateway's name and the event's number and from nothing else, so a replay
draws alike and what the event shows cannot sway the draw. Called by `pipeline`; `spend` by the
analysis worker.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from contract.ids import CameraId, ReportId
from edge.config.audit import Audit
from edge.config.regions import PixelAspect
from edge.records import Box, Frame, Motion

GAP_S = 10.0
"""As plain motion alarms are counted: what comes within ten seconds is one."""

LONGEST_S = 60.0
"""A tree in the wind is not one event for all day: the audit asks per minute of it."""

_CHANGED = frozenset(
    {"motion", "faint", "light_change", "off", "shake", "ghost", "light", "restless", "brief"}
)
"""The gate's words for a frame in which something changed (`off`: a movement sensor said so)."""

_DAY_S = 86_400.0
_KEPT = 0.25
"""Of a day's bytes can be spent at once; the rest comes in over the day. So no 24 hours see more
than a day's bytes, and a windy morning does not use up the night's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The frame of an event that shows most motion: its `share` and where (`box`, xyxy in pixels of
    the frame; None is everywhere), and what is configured about its pixels."""

    frame: Frame
    share: float
    box: Box | None
    pixel_aspect: PixelAspect = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A motion event so far; `shown` is kept only if it was `drawn`."""

    began_at_s: float
    moved_at_s: float
    drawn: bool
    suspected: bool = False
    shown: Shown | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsuspected:
    """A motion event that was rejected; if it is to be audited, what it showed and under which
    `report_id`."""

    camera: CameraId
    lasted_s: float
    shown: Shown | None = None
    report_id: ReportId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditState:
    """What is remembered of one camera: the current event, and how many have begun."""

    event: Event | None = None
    begun: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The bytes that may be sent by `at_s`; nothing at the start, so that no chain of restarts
    sends more than a day's bytes in a day."""

    bytes: float = 0.0
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """What decides whether an event is audited, beside its number."""

    gateway: str
    camera: str
    epoch: int
    settings: Audit = field(default_factory=Audit)

    def falls_on(self, number: int) -> bool:
        """A fair draw of `share`: 64 bits of a hash, as good as independent between events."""
        named = f"{self.gateway}/{self.camera}/{self.epoch}/{number}".encode()
        drawn = int.from_bytes(hashlib.sha256(named).digest()[:8])
        return self.settings.enabled and drawn < self.settings.share * 2**64


def watch(state: AuditState, frame: Frame, seen: Motion, now: float, draw: Draw) -> AuditState:
    """The state after a frame; the caller has taken what was over before it (`take`)."""
    if seen.why not in _CHANGED:
        return state
    event = state.event
    if event is None:
        number = state.begun
        state = replace(state, begun=number + 1)
        event = Event(began_at_s=now, moved_at_s=now, drawn=draw.falls_on(number))
    shown = _better(event.shown, frame, seen) if event.drawn else None
    return replace(state, event=replace(event, moved_at_s=now, shown=shown))


def suspect(state: AuditState) -> AuditState:
    """Something was suspected: the event, if one is, was not rejected."""
    event = state.event
    return state if event is None else replace(state, event=replace(event, suspected=True))


def take(state: AuditState, now: float, gap_s: float = GAP_S) -> tuple[AuditState, Event | None]:
    """The event that is over by `now`, if one is, taken out; `gap_s` is longer where frames are
    judged later than `GAP_S`."""
    event = state.event
    if event is None:
        return state, None
    over = now - event.moved_at_s >= gap_s or now - event.began_at_s >= LONGEST_S
    return (replace(state, event=None), event) if over else (state, None)


def spend(
    allowance: Allowance, size_bytes: int, now: float, bytes_per_day: int
) -> tuple[Allowance, bool]:
    """Whether `size_bytes` may be sent now, and what then remains: a token bucket."""
    since = 0.0 if allowance.at_s is None else max(0.0, now - allowance.at_s)
    income = (1 - _KEPT) * bytes_per_day / _DAY_S * since
    there = min(allowance.bytes + income, _KEPT * bytes_per_day)
    if size_bytes > there:
        return Allowance(bytes=there, at_s=now), False
    return Allowance(bytes=there - size_bytes, at_s=now), True


def _better(known: Shown | None, frame: Frame, seen: Motion) -> Shown:
    """What shows more: a thing before a nuisance, then the larger share of the picture."""
    box = _around(seen.regions)
    if known is not None:
        rank, best = (box is not None, seen.share), (known.box is not None, known.share)
        if rank <= best:
            return known
    return Shown(frame=frame, share=seen.share, box=box)


def _around(regions: tuple[Box, ...]) -> Box | None:
    if not regions:
        return None
    lefts, tops, rights, bottoms = zip(*regions, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
