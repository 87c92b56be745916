"""What is remembered of one camera between frames: gate, health, tracks, frames for evidence.

PURE, though it changes in place: it belongs to exactly one analysis thread. Of frames it keeps, as
the camera sent them (JPEG), at most two of a burst, beside its `kept_frames`. Used by `pipeline`
and `rule_engine` only.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from contract.ids import CameraId
from contract.labels import group_of
from edge.audit import events
from edge.audit.events import AuditState, Reported
from edge.config.schema import DeduplicationConfig, EvidenceConfig
from edge.detect.pixel_aspect import AspectEstimate
from edge.detect.search_regions import CropHistory
from edge.gate import motion
from edge.gate.motion import GateState
from edge.health.camera_health import CameraHealth
from edge.kept_frames import FrameDetections, KeptFrames
from edge.records import AlertCandidate, Duplicate, Frame, FrameSize, TrackId, in_shares
from edge.rules import cooldown, deduplication
from edge.rules.day_night import DayNightState
from edge.rules.deduplication import AlarmEvents, DeduplicationResult
from edge.rules.evaluate import Finding
from edge.static_objects import place_history
from edge.static_objects.place_history import Grey, PlaceHistory, PlaceSimilarity
from edge.static_objects.records import Memory
from edge.track import displacement
from edge.track.track import Tracks
from imaging.polygons import Box

SIZES_KEPT, SIZE_CHANGES = 8, 3
"""So many pictures whose sizes are remembered, and so many changes among them, are no stream whose
resolution was set: the pictures are cut from a scene, or two senders share a topic."""

PICTURES_KEPT = 16
"""Digests of single pictures that were reported; one sent again is mostly the newest."""


@dataclass(slots=True)
class Burst:
    """Frames that came close together; `pending` are those too few to vote, to be evaluated
    alone."""

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
    kept_frames: KeptFrames = field(default_factory=KeptFrames)

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

    def forget_alarms(self) -> None:
        """Nothing counts as reported: after a test of alarms whoever is there is reported anew."""
        self.alarm_events, self.reported_pictures = (), {}
        self._drop_tracks()

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
            for best_frame in self.kept_frames.best_frames.get(track, ())
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
        """Keep the frame as pending of its burst, and for evidence."""
        if self.burst.frames <= 2:
            self.burst.pending = (*self.burst.pending, replace(detected, image=None))
        self.kept_frames.add(detected, self.tracks.alive, self.grey, evidence)

    def mark_reported(
        self, candidates: Iterable[AlertCandidate] = (), duplicates: Iterable[Duplicate] = ()
    ) -> None:
        """What is reported in a motion event was not rejected: these, and what was before and is
        still there."""
        raised = {(one.suspicion.track, one.suspicion.label) for one in candidates}
        reported = frozenset((track, group_of(label)) for track, label in raised)
        counted = frozenset((None, group_of(one.label)) for one in duplicates)
        self.audit = events.suspect(self.audit, reported | counted | self._still_reported())

    def _still_reported(self) -> Reported:
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

    def number(self, finding: Finding) -> Finding:
        """The finding under a track number of its own."""
        return replace(finding, track=self.number_next())


def _digest(frame: Frame) -> bytes:
    return hashlib.blake2b(frame.picture, digest_size=16).digest()
