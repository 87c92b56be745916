"""What is remembered of one camera between frames: gate, health, tracks, takes, burst, context.

PURE, though it changes in place: it belongs to exactly one analysis thread. Frames are kept as the
camera sent them (JPEG), never as pixels, and their number is bounded: a few takes per track, a
short ring of context, one view of the scene, at most two looks of a burst. Used by `pipeline` only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from contract.ids import CameraId
from contract.labels import group_of
from edge.audit.events import AuditState, Told
from edge.config.schema import Deduplication, Evidence
from edge.detect.pixel_aspect import Squeeze
from edge.detect.search_regions import Gaze
from edge.gate import motion
from edge.gate.motion import GateState
from edge.health.camera_health import CameraHealth
from edge.records import Box, Frame, Shot, Size, Take, TrackId, in_shares
from edge.rules import cooldown, deduplication
from edge.rules.day_night import DayNightState
from edge.rules.deduplication import Damped, Storms
from edge.rules.evaluate import Finding
from edge.static_objects import place_history
from edge.static_objects.place_history import Grey, Likeness, Past
from edge.static_objects.records import Memory
from edge.track import best_frames, displacement
from edge.track.track import Track, Tracks
from imaging.detections import Detections, Image


@dataclass(frozen=True, slots=True)
class Look:
    """A frame that the detector saw, and what it found, at `now` (monotonic seconds).

    `image` holds its pixels only while the frame is looked at.
    """

    shot: Shot
    found: Detections
    now: float
    image: Image | None = None

    @property
    def size(self) -> Size:
        return self.shot.width, self.shot.height


VIEW_S = 30.0
"""An event that goes on is shown anew so often: a person crosses a yard of 40 m in that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The frame that shows the scene of an event, begun at `at_s`, last reported at `asked_s`."""

    shot: Shot
    at_s: float
    asked_s: float


@dataclass(slots=True)
class Burst:
    """Frames that came close together; `looks` are those too few to vote."""

    frames: int = 0
    seen_at_s: float = float("-inf")
    raised: bool = False
    looks: tuple[Look, ...] = ()

    def close(self) -> tuple[Look, ...]:
        """The looks, handed out once."""
        looks, self.looks = self.looks, ()
        return looks


@dataclass(slots=True)
class CameraState:
    """All that the pipeline knows of one camera."""

    gate: GateState = field(default_factory=GateState)
    gaze: Gaze = field(default_factory=Gaze)
    health: CameraHealth = field(default_factory=CameraHealth)
    tracks: Tracks = field(default_factory=Tracks)
    day_night: DayNightState = field(default_factory=DayNightState)
    storms: Storms = ()
    memory: Memory = field(default_factory=Memory)
    past: Past = field(default_factory=Past)
    grey: Grey | None = None
    audit: AuditState = field(default_factory=AuditState)
    burst: Burst = field(default_factory=Burst)
    squeeze: Squeeze = field(default_factory=Squeeze)
    size: Size | None = None
    takes: dict[TrackId, tuple[Take, ...]] = field(default_factory=dict)
    view: View | None = None
    ring: deque[tuple[float, Shot]] = field(default_factory=deque)

    def arrive(self, now: float, apart_s: float) -> None:
        """Count a frame; after a pause of `apart_s` a new burst begins and the gate, whose
        memory is too old to compare with, begins anew."""
        if now - self.burst.seen_at_s >= apart_s:
            self.burst = Burst()
            self.gate = GateState(auto=self.gate.auto)
        self.burst.frames += 1
        self.burst.seen_at_s = now

    def fit(self, size: Size) -> None:
        """A camera that changes its resolution starts with no tracks: their boxes mean nothing."""
        if self.size not in (None, size):
            self.tracks = Tracks(next_id=self.tracks.next_id)
        self.size = size

    def unmask_detected(self, now: float) -> None:
        """Tell the gate where something was found that is worth looking at again: people, and
        whatever moves."""
        if self.size is None:
            return
        seen = (track for track in self.tracks.alive if track.seen_at_s == now)
        boxes = [t.box for t in seen if t.group == "person" or t.votes[-1].moving]
        self.gate = motion.unmask(self.gate, boxes, self.size)

    def likeness(self, box: Box, now: float) -> Likeness | None:
        """How like a place (shares of the frame) is to what was there some seconds ago."""
        return None if self.grey is None else self.past.likeness(self.grey, box, now)

    def stays(self, track: TrackId, box: Box) -> float | None:
        """How like the places of the track's earlier takes still are to what they were with it,
        the most; of those that it has left, now being at `box` (pixels)."""
        grey, size = self.grey, self.size
        if grey is None or size is None:
            return None
        found = [
            place_history.stays(grey, take.patch, in_shares(take.box, size))
            for take in self.takes.get(track, ())
            if take.patch is not None
            and displacement.rigid(take.box, box, size) >= place_history.LEFT
        ]
        return max(found, default=None)

    def damp(
        self, findings: Iterable[Finding], camera: CameraId, now: float, settings: Deduplication
    ) -> Damped:
        """What of the findings is to be told."""
        alive = frozenset(track.id for track in self.tracks.alive)
        damped = deduplication.step(self.storms, findings, camera, alive, now, settings)
        self.storms = damped.storms
        return damped

    def hear(self, track: TrackId, *, refuted: bool) -> None:
        """The cloud has answered about a track that was told of."""
        self.storms = deduplication.heard(self.storms, track, refuted=refuted)
        self.tracks = replace(
            self.tracks,
            alive=tuple(
                replace(one, told=cooldown.heard(one.told, refuted=refuted))
                if one.id == track
                else one
                for one in self.tracks.alive
            ),
        )

    def remember(self, look: Look, evidence: Evidence) -> None:
        """Keep the look as context, as a burst's, and as take of the tracks it shows well."""
        if self.burst.frames <= 2:
            self.burst.looks = (*self.burst.looks, replace(look, image=None))
        self._remember_takes(look, evidence)
        spacing_s = evidence.context_s / (2 * evidence.context_frames + 1)
        if evidence.context_frames and (not self.ring or look.now - self.ring[-1][0] >= spacing_s):
            self.ring.append((look.now, look.shot))
        while self.ring and look.now - self.ring[0][0] > evidence.context_s:
            self.ring.popleft()

    def _remember_takes(self, look: Look, evidence: Evidence) -> None:
        alive = {track.id for track in self.tracks.alive}
        self.takes = {id_: kept for id_, kept in self.takes.items() if id_ in alive}
        for track in self.tracks.alive:
            if track.seen_at_s == look.now:
                sharp = 0.0 if look.image is None else best_frames.sharpness(look.image, track.box)
                patch = self._patch(track, look.size)
                take = Take(look.shot, track.box, track.votes[-1].score, look.now, sharp, patch)
                known = self.takes.get(track.id, ())
                self.takes[track.id] = best_frames.add(known, take, evidence)

    def _patch(self, track: Track, size: Size) -> Grey | None:
        """Only vehicles are asked whether they stay."""
        if track.group != "vehicle" or self.grey is None:
            return None
        return place_history.patch_of(self.grey, in_shares(track.box, size))

    @property
    def told(self) -> Told:
        """What was told of, was not called nothing, and is still there."""
        return frozenset(
            (track.id, group_of(track.label))
            for track in self.tracks.alive
            if any(not one.refuted for one in track.told)
        )

    def number_next(self) -> TrackId:
        """A track number that nothing else gets."""
        id_ = TrackId(self.tracks.next_id)
        self.tracks = replace(self.tracks, next_id=id_ + 1)
        return id_

    def take(self, track: TrackId) -> tuple[Take, ...]:
        """The takes of the track, best first; the next finding of the track gets newer ones."""
        return best_frames.ranked(self.takes.pop(track))

    def further(self, track: TrackId) -> Take | None:
        """The best take since the last finding of the track, handed out once."""
        kept = best_frames.ranked(self.takes.get(track, ()))
        if not kept:
            return None
        self.takes[track] = ()
        return kept[0]

    def whole_view(self, best: Shot, now: float, evidence: Evidence) -> Shot:
        """The frame that shows the scene: that of the event that goes on, or `best` for another."""
        known = self.view
        if known is None or now - known.asked_s > evidence.event_s or now - known.at_s > VIEW_S:
            known = View(shot=best, at_s=now, asked_s=now)
        self.view = replace(known, asked_s=now)
        return known.shot

    def number(self, finding: Finding) -> Finding:
        """The finding under a track number of its own."""
        return replace(finding, track=self.number_next())

    def context(self, best: Shot, evidence: Evidence) -> tuple[Shot, ...]:
        """Up to `context_frames` frames spread over the ring, other than the best one."""
        others = [shot for _, shot in self.ring if not _same(shot.frame, best.frame)]
        count = min(evidence.context_frames, len(others))
        if not count:
            return ()
        stride = len(others) / count
        return tuple(others[int((n + 0.5) * stride)] for n in range(count))


def _same(a: Frame, b: Frame) -> bool:
    return a is b or a.picture == b.picture
