"""What is remembered of one camera between frames: gate, health, tracks, best frames.

PURE, though it changes in place: it belongs to exactly one analysis thread. Frames are kept as the
camera sent them (JPEG), never as pixels, and their number is bounded: a few best frames per
track, a short ring of context, one view of the scene, at most two frames of a burst. Used by
`pipeline` only.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from contract.ids import CameraId
from contract.labels import group_of
from edge.audit.events import AuditState, Reported
from edge.config.schema import DeduplicationConfig, EvidenceConfig
from edge.detect.pixel_aspect import AspectEstimate
from edge.detect.search_regions import CropHistory
from edge.gate import motion
from edge.gate.motion import GateState
from edge.health.camera_health import CameraHealth
from edge.records import BestFrame, DecodedFrame, Frame, FrameSize, TrackId, in_shares
from edge.rules import cooldown, deduplication
from edge.rules.day_night import DayNightState
from edge.rules.deduplication import AlarmEvents, DeduplicationResult
from edge.rules.evaluate import Finding
from edge.static_objects import place_history
from edge.static_objects.place_history import Grey, PlaceHistory, PlaceSimilarity
from edge.static_objects.records import Memory
from edge.track import best_frames, displacement
from edge.track.track import Track, Tracks
from imaging.crop import Box
from imaging.detections import Detections, Image


@dataclass(frozen=True, slots=True)
class FrameDetections:
    """A frame in which the detector ran, and what it found, at `now` (monotonic seconds).

    `image` holds its pixels only while the frame is analysed.
    """

    decoded: DecodedFrame
    found: Detections
    now: float
    image: Image | None = None

    @property
    def size(self) -> FrameSize:
        return self.decoded.width, self.decoded.height


SIZES_KEPT, SIZE_CHANGES = 8, 3
"""So many pictures whose sizes are remembered, and so many changes among them, are no stream whose
resolution was set: the pictures are cut from a scene, or two senders share a topic."""

PICTURES_KEPT = 16
"""Digests of single pictures that were reported; one sent again is mostly the newest."""

SCENE_VIEW_S = 30.0
"""An event that goes on is shown anew so often: a person crosses a yard of 40 m in that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneView:
    """The frame that shows the scene of an event, begun at `at_s`, last reported at
    `reported_at_s`."""

    decoded: DecodedFrame
    at_s: float
    reported_at_s: float


@dataclass(slots=True)
class Burst:
    """Frames that came close together; `pending` are those too few to vote, to be judged alone."""

    frames: int = 0
    seen_at_s: float = float("-inf")
    raised: bool = False
    pending: tuple[FrameDetections, ...] = ()

    def close(self) -> tuple[FrameDetections, ...]:
        """What is pending, handed out once."""
        pending, self.pending = self.pending, ()
        return pending


@dataclass(slots=True)
class CameraState:
    """All that the pipeline knows of one camera."""

    gate: GateState = field(default_factory=GateState)
    crop_history: CropHistory = field(default_factory=CropHistory)
    health: CameraHealth = field(default_factory=CameraHealth)
    tracks: Tracks = field(default_factory=Tracks)
    day_night: DayNightState = field(default_factory=DayNightState)
    alarm_events: AlarmEvents = ()
    memory: Memory = field(default_factory=Memory)
    place_history: PlaceHistory = field(default_factory=PlaceHistory)
    grey: Grey | None = None
    audit: AuditState = field(default_factory=AuditState)
    burst: Burst = field(default_factory=Burst)
    aspect_estimate: AspectEstimate = field(default_factory=AspectEstimate)
    size: FrameSize | None = None
    sizes: deque[FrameSize] = field(default_factory=lambda: deque(maxlen=SIZES_KEPT))
    reported_pictures: dict[bytes, float] = field(default_factory=dict)
    best_frames: dict[TrackId, tuple[BestFrame, ...]] = field(default_factory=dict)
    view: SceneView | None = None
    ring: deque[tuple[float, DecodedFrame]] = field(default_factory=deque)

    def count_frame(self, now: float, apart_s: float) -> None:
        """Count a frame; after a pause of `apart_s` a new burst begins and the gate, whose
        memory is too old to compare with, begins anew."""
        if now - self.burst.seen_at_s >= apart_s:
            self.burst = Burst()
            self.gate = GateState(auto=self.gate.auto)
        self.burst.frames += 1
        self.burst.seen_at_s = now

    def remember_reported(self, frame: Frame) -> None:
        """A single picture raised something."""
        self.reported_pictures[_digest(frame)] = frame.received_mono_s
        while len(self.reported_pictures) > PICTURES_KEPT:
            del self.reported_pictures[next(iter(self.reported_pictures))]

    def repeats(self, frame: Frame, within_s: float) -> bool:
        """Whether this very picture raised something and has come again ever since, with no pause
        of `within_s`: it shows nothing new."""
        if not self.reported_pictures:
            return False
        digest, now = _digest(frame), frame.received_mono_s
        seen_at_s = self.reported_pictures.get(digest)
        if seen_at_s is None or now - seen_at_s >= within_s:
            return False
        self.reported_pictures[digest] = now
        return True

    def note_size(self, size: FrameSize) -> None:
        """Where the size keeps changing nothing is followed."""
        self.sizes.append(size)
        if self.resizing:
            self._drop_tracks()

    @property
    def resizing(self) -> bool:
        """Whether the pictures keep changing their size."""
        return sum(a != b for a, b in pairwise(self.sizes)) >= SIZE_CHANGES

    def set_size(self, size: FrameSize) -> None:
        """A camera that changes its resolution starts with no tracks: their boxes mean nothing."""
        if self.size not in (None, size):
            self._drop_tracks()
        self.size = size

    def _drop_tracks(self) -> None:
        self.tracks = Tracks(next_id=self.tracks.next_id)

    def unmask_detected(self, now: float) -> None:
        """Nothing is masked by itself where the detector found people, or what moves."""
        if self.size is None:
            return
        seen = (track for track in self.tracks.alive if track.seen_at_s == now)
        boxes = [t.box for t in seen if t.group == "person" or t.votes[-1].moving]
        self.gate = motion.unmask(self.gate, boxes, self.size)

    def similarity(self, box: Box, now: float) -> PlaceSimilarity | None:
        """How like a place (shares of the frame) is to what was there some seconds ago."""
        return None if self.grey is None else self.place_history.similarity(self.grey, box, now)

    def stays(self, track: TrackId, box: Box) -> float | None:
        """How like the places of the track's earlier best frames still are to what they were with
        it, the most; of those that it has left, now being at `box` (pixels)."""
        grey, size = self.grey, self.size
        if grey is None or size is None:
            return None
        found = [
            place_history.stays(grey, best_frame.patch, in_shares(best_frame.box, size))
            for best_frame in self.best_frames.get(track, ())
            if best_frame.patch is not None
            and displacement.rigid_shift(best_frame.box, box, size) >= place_history.LEFT
        ]
        return max(found, default=None)

    def deduplicate(
        self,
        findings: Iterable[Finding],
        camera: CameraId,
        now: float,
        settings: DeduplicationConfig,
    ) -> DeduplicationResult:
        """What of the findings is to be reported."""
        alive = frozenset(track.id for track in self.tracks.alive)
        result = deduplication.step(self.alarm_events, findings, camera, alive, now, settings)
        self.alarm_events = result.events
        return result

    def apply_verdict(self, track: TrackId, *, refuted: bool) -> None:
        """The cloud has decided about a track that was reported."""
        self.alarm_events = deduplication.after_verdict(self.alarm_events, track, refuted=refuted)
        self.tracks = replace(
            self.tracks,
            alive=tuple(
                replace(one, cooldowns=cooldown.after_verdict(one.cooldowns, refuted=refuted))
                if one.id == track
                else one
                for one in self.tracks.alive
            ),
        )

    def remember(self, detected: FrameDetections, evidence: EvidenceConfig) -> None:
        """Keep the frame as context, as pending of its burst, and for the tracks it shows well."""
        if self.burst.frames <= 2:
            self.burst.pending = (*self.burst.pending, replace(detected, image=None))
        self._remember_best_frames(detected, evidence)
        spacing_s = evidence.context_s / (2 * evidence.context_frames + 1)
        if evidence.context_frames and (
            not self.ring or detected.now - self.ring[-1][0] >= spacing_s
        ):
            self.ring.append((detected.now, detected.decoded))
        while self.ring and detected.now - self.ring[0][0] > evidence.context_s:
            self.ring.popleft()

    def _remember_best_frames(self, detected: FrameDetections, evidence: EvidenceConfig) -> None:
        alive = {track.id for track in self.tracks.alive}
        self.best_frames = {id_: kept for id_, kept in self.best_frames.items() if id_ in alive}
        for track in self.tracks.alive:
            if track.seen_at_s == detected.now:
                sharp = (
                    0.0
                    if detected.image is None
                    else best_frames.sharpness(detected.image, track.box)
                )
                patch = self._patch(track, detected.size)
                best_frame = BestFrame(
                    detected.decoded, track.box, track.votes[-1].score, detected.now, sharp, patch
                )
                known = self.best_frames.get(track.id, ())
                self.best_frames[track.id] = best_frames.add(known, best_frame, evidence)

    def _patch(self, track: Track, size: FrameSize) -> Grey | None:
        """Only vehicles are asked whether they stay."""
        if track.group != "vehicle" or self.grey is None:
            return None
        return place_history.patch_of(self.grey, in_shares(track.box, size))

    @property
    def reported(self) -> Reported:
        """What was reported, was not refuted, and is still there."""
        return frozenset(
            (track.id, group_of(track.label))
            for track in self.tracks.alive
            if any(not one.refuted for one in track.cooldowns)
        )

    def number_next(self) -> TrackId:
        """A track number that nothing else gets."""
        id_ = TrackId(self.tracks.next_id)
        self.tracks = replace(self.tracks, next_id=id_ + 1)
        return id_

    def pop_best_frames(self, track: TrackId) -> tuple[BestFrame, ...]:
        """The best frames of the track, best first; the next finding of the track gets newer
        ones."""
        return best_frames.ranked(self.best_frames.pop(track))

    def next_best_frame(self, track: TrackId) -> BestFrame | None:
        """The best frame since the last finding of the track, handed out once."""
        kept = best_frames.ranked(self.best_frames.get(track, ()))
        if not kept:
            return None
        self.best_frames[track] = ()
        return kept[0]

    def scene_view(self, best: DecodedFrame, now: float, evidence: EvidenceConfig) -> DecodedFrame:
        """The frame that shows the scene: that of the event that goes on, or `best` for another."""
        known = self.view
        if (
            known is None
            or now - known.reported_at_s > evidence.event_s
            or now - known.at_s > SCENE_VIEW_S
        ):
            known = SceneView(decoded=best, at_s=now, reported_at_s=now)
        self.view = replace(known, reported_at_s=now)
        return known.decoded

    def number(self, finding: Finding) -> Finding:
        """The finding under a track number of its own."""
        return replace(finding, track=self.number_next())

    def context(self, best: DecodedFrame, evidence: EvidenceConfig) -> tuple[DecodedFrame, ...]:
        """Up to `context_frames` frames spread over the ring, other than the best one."""
        others = [decoded for _, decoded in self.ring if not _same(decoded.frame, best.frame)]
        count = min(evidence.context_frames, len(others))
        if not count:
            return ()
        stride = len(others) / count
        return tuple(others[int((n + 0.5) * stride)] for n in range(count))


def _digest(frame: Frame) -> bytes:
    return hashlib.blake2b(frame.picture, digest_size=16).digest()


def _same(a: Frame, b: Frame) -> bool:
    return a is b or a.picture == b.picture
