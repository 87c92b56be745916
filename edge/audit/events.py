"""Motion events and quiet minutes, and which of them are audited.

PURE. A motion event is a segment in which something changed in front of a camera, whether the gate
called it an object, a nuisance or a change of light; it is over after `GAP_S` without, or after
`LONGEST_S`. A quiet minute is a segment of `LONGEST_S` in which the gate saw nothing change. Either
was rejected if nothing was suspected in it but what was refuted; where only a person was suspected,
or only a vehicle, what is of the other group was rejected. Whether one is audited is drawn when it
begins (`sampling`); of what is drawn frames are kept that show it at several moments, chosen by
time (`spaced_frames`), and one by motion. Called by `pipeline`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from contract.ids import CameraId, ReportId
from contract.labels import Group
from edge.audit.sampling import Draw, SampleKind
from edge.audit.spaced_frames import SpacedFrames, TimedFrame
from edge.config.gate import NUISANCES
from edge.records import Frame, Motion, TrackId
from imaging.polygons import Box

GAP_S = 10.0
"""As plain motion alarms are counted: what comes within ten seconds is one."""

LONGEST_S = 60.0
"""A tree in the wind is not one event for all day: the audit asks per minute of it."""

_BEFORE_S = 3.0
"""The picture from before an event is some seconds older than the event: the gate sees objects a
little later than they come."""

_CHANGED = frozenset({"motion", "faint", "light_change", "off"} | set(NUISANCES))
"""The gate's words for a frame in which something changed (`off`: a movement sensor said so)."""

_WATCHED: frozenset[Group] = frozenset({"person", "vehicle"})

Reported = frozenset[tuple[TrackId | None, Group]]
"""Tracks that were suspected, and of which group; None for what is only counted with such a one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The frame that shows most motion: its `share` and where (`box`, xyxy in pixels of the frame;
    None is everywhere)."""

    frame: TimedFrame
    share: float
    box: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSegment:
    """A motion event or a quiet minute so far. `share` is the probability with which it was drawn,
    0 where the day's bytes left none; what follows is kept only of what was `drawn`."""

    kind: SampleKind
    began_at_s: float
    moved_at_s: float
    share: float
    drawn: bool
    reported: Reported = frozenset()
    before: TimedFrame | None = None
    peak: Peak | None = None
    spaced_frames: SpacedFrames = field(default_factory=lambda: SpacedFrames(moments=1))
    after: TimedFrame | None = None

    @property
    def lasted_s(self) -> float:
        """To the last change; a quiet minute has none."""
        return LONGEST_S if self.kind == "quiet" else self.moved_at_s - self.began_at_s

    @property
    def groups(self) -> frozenset[Group]:
        """Of what was suspected in it and is not refuted."""
        return frozenset(group for _, group in self.reported)

    @property
    def leaves_open(self) -> bool:
        """Whether something may have been missed in it: not both a person and a vehicle were
        reported, and in a quiet minute nothing was."""
        return not self.groups if self.kind == "quiet" else not self.groups >= _WATCHED


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSample:
    """What goes up of a segment: whole frames, the one with most motion first, and where something
    moved in that one, if that is known."""

    report_id: ReportId
    frames: tuple[Frame, ...]
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedSegment:
    """A segment that was rejected: from `began_at_s`, drawn with the probability `share`; with
    what is `audited` of it, if it was drawn. Of the groups in `reported` something was reported, so
    what is of them was not missed; its kind then is `partly`."""

    camera: CameraId
    kind: SampleKind
    began_at_s: float
    lasted_s: float
    share: float
    audited: AuditSample | None = None
    reported: frozenset[Group] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditState:
    """What is remembered of one camera: what goes on, how many of each kind have begun, and frames
    from before the next event if that may be drawn."""

    event: AuditSegment | None = None
    quiet: AuditSegment | None = None
    events: int = 0
    quiets: int = 0
    quiet_frames: tuple[TimedFrame, ...] = ()

    @property
    def under_way(self) -> int:
        """How many drawn ones go on."""
        return sum(one is not None and one.drawn for one in (self.event, self.quiet))


def watch(state: AuditState, frame: Frame, seen: Motion, now: float, draw: Draw) -> AuditState:
    """The state after a frame; the caller has taken what was over before it (`take`)."""
    if seen.why in _CHANGED:
        return _moved(state, frame, seen, now, draw)
    return _still(state, frame, now, draw)


def suspect(state: AuditState, reported: Reported) -> AuditState:
    """So much was suspected in what goes on."""
    event, quiet = state.event, state.quiet
    if event is not None:
        state = replace(state, event=replace(event, reported=event.reported | reported))
    return (
        state
        if quiet is None
        else replace(state, quiet=replace(quiet, reported=quiet.reported | reported))
    )


def refute(state: AuditState, track: TrackId) -> AuditState:
    """The cloud called a track no threat, so nobody is notified of it, nor of what was counted with
    it: whether that was right is for the audit to say."""
    event = state.event
    if event is None:
        return state
    left = {one for one in event.reported if one[0] != track}
    still_reported = {group for one, group in left if one is not None}
    lost = {group for one, group in event.reported if one == track} - still_reported
    kept = frozenset(one for one in left if one[1] not in lost)
    return replace(state, event=replace(event, reported=kept))


def take(
    state: AuditState, now: float, gap_s: float = GAP_S
) -> tuple[AuditState, tuple[AuditSegment, ...]]:
    """What is over by `now`, taken out; `gap_s` is longer where frames are evaluated later than
    `GAP_S`."""
    event, quiet = state.event, state.quiet
    over: tuple[AuditSegment, ...] = ()
    if event is not None and _event_over(event, now, gap_s):
        state, over = replace(state, event=None), (event,)
    if quiet is not None and now - quiet.began_at_s >= LONGEST_S:
        state, over = replace(state, quiet=None), (*over, quiet)
    return state, over


def shown(segment: AuditSegment) -> tuple[tuple[Frame, ...], Box | None]:
    """The frames of a drawn segment that go up, the one with most motion first, and where that
    was. Of a quiet minute, none of its last `GAP_S`: who comes then may be seen a moment later."""
    peak, moments = segment.peak, segment.spaced_frames.moments
    if segment.kind == "quiet":
        until = segment.began_at_s + LONGEST_S - GAP_S
        quiet_frames = tuple(timed for timed in segment.spaced_frames.frames if timed[0] <= until)
        return _frames(replace(segment.spaced_frames, frames=quiet_frames).spread(moments)), None
    first = () if peak is None else (peak.frame,)
    others = tuple(timed for timed in segment.spaced_frames.frames if timed not in first)
    lasting = replace(segment.spaced_frames, frames=others).spread(moments - len(first))
    around = tuple(timed for timed in (segment.before, segment.after) if timed is not None)
    return _frames((*first, *lasting, *around)), None if peak is None else peak.box


def _moved(state: AuditState, frame: Frame, seen: Motion, now: float, draw: Draw) -> AuditState:
    event = state.event
    if event is None:
        event = _begun("motion", state.events, now, draw)
        if event.drawn:
            recent = (timed for timed in state.quiet_frames if now - timed[0] <= LONGEST_S)
            event = replace(event, before=next(recent, None))
        state = replace(state, events=state.events + 1)
    if event.drawn:
        spaced_frames = event.spaced_frames.with_frame(frame, now)
        event = replace(
            event,
            spaced_frames=spaced_frames,
            peak=_higher(event.peak, frame, seen, now),
            after=None,
        )
    return replace(state, event=replace(event, moved_at_s=now), quiet=None, quiet_frames=())


def _still(state: AuditState, frame: Frame, now: float, draw: Draw) -> AuditState:
    event, quiet = state.event, state.quiet
    if event is not None:
        after = replace(event, after=(now, frame)) if event.drawn else event
        return replace(state, event=after)
    if quiet is None:
        quiet = _begun("quiet", state.quiets, now, draw)
        state = replace(state, quiets=state.quiets + 1)
    if quiet.drawn:
        quiet = replace(quiet, spaced_frames=quiet.spaced_frames.with_frame(frame, now))
    if draw.may_fall_on("motion", state.events):
        state = replace(state, quiet_frames=_with_quiet_frame(state.quiet_frames, frame, now))
    return replace(state, quiet=quiet)


def _event_over(event: AuditSegment, now: float, gap_s: float) -> bool:
    return now - event.moved_at_s >= gap_s or now - event.began_at_s >= LONGEST_S


def _begun(kind: SampleKind, number: int, now: float, draw: Draw) -> AuditSegment:
    share = draw.share(kind)
    return AuditSegment(
        kind=kind,
        began_at_s=now,
        moved_at_s=now,
        share=share,
        drawn=draw.falls_on(kind, number, share),
        spaced_frames=SpacedFrames(moments=draw.settings.moments),
    )


def _with_quiet_frame(
    quiet_frames: tuple[TimedFrame, ...], frame: Frame, now: float
) -> tuple[TimedFrame, ...]:
    """The last two frames that are `_BEFORE_S` apart."""
    if quiet_frames and now - quiet_frames[-1][0] < _BEFORE_S:
        return quiet_frames
    return (*quiet_frames[-1:], (now, frame))


def _higher(known: Peak | None, frame: Frame, seen: Motion, now: float) -> Peak:
    """What shows more: an object before a nuisance, then the larger share of the picture."""
    box = _around(seen.regions)
    if known is not None:
        rank, best = (box is not None, seen.share), (known.box is not None, known.share)
        if rank <= best:
            return known
    return Peak(frame=(now, frame), share=seen.share, box=box)


def _frames(frames: tuple[TimedFrame, ...]) -> tuple[Frame, ...]:
    """Each frame once, in their order."""
    kept: dict[float, Frame] = {}
    for at_s, frame in frames:
        kept.setdefault(at_s, frame)
    return tuple(kept.values())


def _around(regions: tuple[Box, ...]) -> Box | None:
    if not regions:
        return None
    lefts, tops, rights, bottoms = zip(*regions, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
