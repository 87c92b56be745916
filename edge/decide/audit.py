"""Motion events and quiet minutes, and which of them are audited.

PURE. A motion event is a stretch in which something changed in front of a camera, whether the gate
called it a thing, a nuisance or a change of light; it is over after `GAP_S` without, or after
`LONGEST_S`. A quiet minute is a stretch of `LONGEST_S` in which the gate saw nothing change. Either
was rejected if nothing was suspected in it. Whether one is audited is drawn when it begins
(`sampling`); of what is drawn frames are kept that show it at several moments, chosen by time, and
one by motion. Called by `pipeline`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from contract.ids import CameraId, ReportId
from edge.decide.sampling import Draw, Kind
from edge.records import Box, Frame, Motion

GAP_S = 10.0
"""As plain motion alarms are counted: what comes within ten seconds is one."""

LONGEST_S = 60.0
"""A tree in the wind is not one event for all day: the audit asks per minute of it."""

_CALM_S = 3.0
"""The picture from before an event is some seconds older than the event: the gate sees things a
little later than they come."""

_CHANGED = frozenset(
    {"motion", "faint", "light_change", "off", "shake", "ghost", "light", "restless", "brief"}
)
"""The gate's words for a frame in which something changed (`off`: a movement sensor said so)."""

Timed = tuple[float, Frame]
"""When it came, in monotonic seconds, and the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """Frames of a stretch, evenly apart in time, at most twice `moments`."""

    moments: int
    shots: tuple[Timed, ...] = ()
    apart_s: float = 0.0

    def with_(self, frame: Frame, now: float) -> Reel:
        """With `frame`, if it comes late enough; where it is too many, every other one goes."""
        if self.shots and now - self.shots[-1][0] < self.apart_s:
            return self
        shots = (*self.shots, (now, frame))
        if len(shots) <= 2 * self.moments:
            return replace(self, shots=shots)
        kept = shots[::2]
        return replace(self, shots=kept, apart_s=max(2 * self.apart_s, kept[1][0] - kept[0][0]))

    def spread(self, count: int) -> tuple[Timed, ...]:
        """`count` of them, each from the middle of a part of the time: who comes or goes is at the
        border of the picture at the ends."""
        if count >= len(self.shots):
            return self.shots
        stride = len(self.shots) / max(1, count)
        return tuple(self.shots[int((n + 0.5) * stride)] for n in range(count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The frame that shows most motion: its `share` and where (`box`, xyxy in pixels of the frame;
    None is everywhere)."""

    shot: Timed
    share: float
    box: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A motion event or a quiet minute so far. `share` is the probability with which it was drawn,
    0 where the day's bytes left none; what follows is kept only of what was `drawn`."""

    kind: Kind
    began_at_s: float
    moved_at_s: float
    share: float
    drawn: bool
    suspected: bool = False
    before: Timed | None = None
    peak: Peak | None = None
    reel: Reel = field(default_factory=lambda: Reel(moments=1))
    after: Timed | None = None

    @property
    def lasted_s(self) -> float:
        """To the last change; a quiet minute has none."""
        return LONGEST_S if self.kind == "quiet" else self.moved_at_s - self.began_at_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What goes up of a stretch: whole frames, the one with most motion first, and where things
    moved in that one, if that is known."""

    report_id: ReportId
    frames: tuple[Frame, ...]
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsuspected:
    """A stretch that was rejected: from `began_at_s`, drawn with the probability `share`; with
    what is `audited` of it, if it was drawn."""

    camera: CameraId
    kind: Kind
    began_at_s: float
    lasted_s: float
    share: float
    audited: Audited | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditState:
    """What is remembered of one camera: what goes on, how many of each kind have begun, and frames
    from before the next event if that may be drawn."""

    event: Stretch | None = None
    quiet: Stretch | None = None
    events: int = 0
    quiets: int = 0
    calm: tuple[Timed, ...] = ()

    @property
    def under_way(self) -> int:
        """How many drawn ones go on."""
        return sum(one is not None and one.drawn for one in (self.event, self.quiet))


def watch(state: AuditState, frame: Frame, seen: Motion, now: float, draw: Draw) -> AuditState:
    """The state after a frame; the caller has taken what was over before it (`take`)."""
    if seen.why in _CHANGED:
        return _moved(state, frame, seen, now, draw)
    return _still(state, frame, now, draw)


def suspect(state: AuditState) -> AuditState:
    """Something was suspected: what goes on was not rejected."""
    event, quiet = state.event, state.quiet
    if event is not None:
        state = replace(state, event=replace(event, suspected=True))
    return state if quiet is None else replace(state, quiet=replace(quiet, suspected=True))


def take(
    state: AuditState, now: float, gap_s: float = GAP_S
) -> tuple[AuditState, tuple[Stretch, ...]]:
    """What is over by `now`, taken out; `gap_s` is longer where frames are judged later than
    `GAP_S`."""
    event, quiet = state.event, state.quiet
    over: tuple[Stretch, ...] = ()
    if event is not None and _event_over(event, now, gap_s):
        state, over = replace(state, event=None), (event,)
    if quiet is not None and now - quiet.began_at_s >= LONGEST_S:
        state, over = replace(state, quiet=None), (*over, quiet)
    return state, over


def shown(stretch: Stretch) -> tuple[tuple[Frame, ...], Box | None]:
    """The frames of a drawn stretch that go up, the one with most motion first, and where that
    was. Of a quiet minute, none of its last `GAP_S`: who comes then may be seen a moment later."""
    peak, moments = stretch.peak, stretch.reel.moments
    if stretch.kind == "quiet":
        until = stretch.began_at_s + LONGEST_S - GAP_S
        calm = tuple(shot for shot in stretch.reel.shots if shot[0] <= until)
        return _frames(replace(stretch.reel, shots=calm).spread(moments)), None
    first = () if peak is None else (peak.shot,)
    others = tuple(shot for shot in stretch.reel.shots if shot not in first)
    lasting = replace(stretch.reel, shots=others).spread(moments - len(first))
    around = tuple(shot for shot in (stretch.before, stretch.after) if shot is not None)
    return _frames((*first, *lasting, *around)), None if peak is None else peak.box


def _moved(state: AuditState, frame: Frame, seen: Motion, now: float, draw: Draw) -> AuditState:
    event = state.event
    if event is None:
        event = _begun("motion", state.events, now, draw)
        if event.drawn:
            recent = (shot for shot in state.calm if now - shot[0] <= LONGEST_S)
            event = replace(event, before=next(recent, None))
        state = replace(state, events=state.events + 1)
    if event.drawn:
        reel = event.reel.with_(frame, now)
        event = replace(event, reel=reel, peak=_higher(event.peak, frame, seen, now), after=None)
    return replace(state, event=replace(event, moved_at_s=now), quiet=None, calm=())


def _still(state: AuditState, frame: Frame, now: float, draw: Draw) -> AuditState:
    event, quiet = state.event, state.quiet
    if event is not None:
        after = replace(event, after=(now, frame)) if event.drawn else event
        return replace(state, event=after)
    if quiet is None:
        quiet = _begun("quiet", state.quiets, now, draw)
        state = replace(state, quiets=state.quiets + 1)
    if quiet.drawn:
        quiet = replace(quiet, reel=quiet.reel.with_(frame, now))
    if draw.may_fall_on("motion", state.events):
        state = replace(state, calm=_calmer(state.calm, frame, now))
    return replace(state, quiet=quiet)


def _event_over(event: Stretch, now: float, gap_s: float) -> bool:
    return now - event.moved_at_s >= gap_s or now - event.began_at_s >= LONGEST_S


def _begun(kind: Kind, number: int, now: float, draw: Draw) -> Stretch:
    share = draw.share(kind)
    return Stretch(
        kind=kind,
        began_at_s=now,
        moved_at_s=now,
        share=share,
        drawn=draw.falls_on(kind, number, share),
        reel=Reel(moments=draw.settings.moments),
    )


def _calmer(calm: tuple[Timed, ...], frame: Frame, now: float) -> tuple[Timed, ...]:
    """The last two frames that are `_CALM_S` apart."""
    if calm and now - calm[-1][0] < _CALM_S:
        return calm
    return (*calm[-1:], (now, frame))


def _higher(known: Peak | None, frame: Frame, seen: Motion, now: float) -> Peak:
    """What shows more: a thing before a nuisance, then the larger share of the picture."""
    box = _around(seen.regions)
    if known is not None:
        rank, best = (box is not None, seen.share), (known.box is not None, known.share)
        if rank <= best:
            return known
    return Peak(shot=(now, frame), share=seen.share, box=box)


def _frames(shots: tuple[Timed, ...]) -> tuple[Frame, ...]:
    """Each frame once, in their order."""
    kept: dict[float, Frame] = {}
    for at_s, frame in shots:
        kept.setdefault(at_s, frame)
    return tuple(kept.values())


def _around(regions: tuple[Box, ...]) -> Box | None:
    if not regions:
        return None
    lefts, tops, rights, bottoms = zip(*regions, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
