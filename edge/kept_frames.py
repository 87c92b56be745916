"""Which frames of a camera are kept for evidence: of each track, of the scene, of what came before.

PURE, though it changes in place. Frames are kept as the camera sent them (JPEG), never as pixels,
and their number is bounded: a few best frames per track, a short ring of context, one view of the
scene. Held by `camera_state`; the rule engine and evidence requests take frames out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from edge.config.schema import EvidenceConfig
from edge.records import BestFrame, DecodedFrame, Frame, FrameSize, TrackId, in_shares
from edge.static_objects import place_history
from edge.static_objects.place_history import Grey
from edge.track import best_frames
from edge.track.track import Track
from imaging.detections import Detections, Image

SCENE_VIEW_S = 30.0
"""An event that goes on is shown anew so often: a person crosses a yard of 40 m in that time."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneView:
    """The frame that shows the scene of an event, begun at `at_s`, last reported at
    `reported_at_s`."""

    decoded: DecodedFrame
    at_s: float
    reported_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFrames:
    """What an alert candidate shows: the `best` frames of its object, best first, the `view` of the
    scene, if not that of the best frame, and the `context` before."""

    best: tuple[BestFrame, ...]
    view: DecodedFrame | None
    context: tuple[DecodedFrame, ...]


@dataclass(slots=True)
class KeptFrames:
    """Of one camera; `ring` holds the context with its times."""

    best_frames: dict[TrackId, tuple[BestFrame, ...]] = field(default_factory=dict)
    view: SceneView | None = None
    ring: deque[tuple[float, DecodedFrame]] = field(default_factory=deque)

    def add(
        self,
        detected: FrameDetections,
        alive: Sequence[Track],
        grey: Grey | None,
        evidence: EvidenceConfig,
    ) -> None:
        """Keep the frame as context, and for the tracks it shows well; `grey` is the small picture
        of it."""
        self._add_best_frames(detected, alive, grey, evidence)
        spacing_s = evidence.context_s / (2 * evidence.context_frames + 1)
        if evidence.context_frames and (
            not self.ring or detected.now - self.ring[-1][0] >= spacing_s
        ):
            self.ring.append((detected.now, detected.decoded))
        while self.ring and detected.now - self.ring[0][0] > evidence.context_s:
            self.ring.popleft()

    def _add_best_frames(
        self,
        detected: FrameDetections,
        alive: Sequence[Track],
        grey: Grey | None,
        evidence: EvidenceConfig,
    ) -> None:
        ids = {track.id for track in alive}
        self.best_frames = {id_: kept for id_, kept in self.best_frames.items() if id_ in ids}
        for track in alive:
            if track.seen_at_s == detected.now:
                sharp = (
                    0.0
                    if detected.image is None
                    else best_frames.sharpness(detected.image, track.box)
                )
                patch = _patch(track, grey, detected.size)
                best_frame = BestFrame(
                    detected.decoded, track.box, track.votes[-1].score, detected.now, sharp, patch
                )
                known = self.best_frames.get(track.id, ())
                self.best_frames[track.id] = best_frames.add(known, best_frame, evidence)

    def pop_for_track(
        self, track: TrackId, now: float, evidence: EvidenceConfig
    ) -> CandidateFrames:
        """The frames that show a finding at `now`; the track's next finding gets newer ones."""
        best = best_frames.ranked(self.best_frames.pop(track))
        view = self._scene_view(best[0].decoded, now, evidence)
        return CandidateFrames(best=best, view=view, context=self._context(best[0], evidence))

    def for_single_picture(self, best: BestFrame, evidence: EvidenceConfig) -> CandidateFrames:
        """The same for a finding in a single picture, which is a view of its own."""
        return CandidateFrames(best=(best,), view=None, context=self._context(best, evidence))

    def next_best_frame(self, track: TrackId) -> BestFrame | None:
        """The best frame since the last finding of the track, handed out once."""
        kept = best_frames.ranked(self.best_frames.get(track, ()))
        if not kept:
            return None
        self.best_frames[track] = ()
        return kept[0]

    def _scene_view(self, best: DecodedFrame, now: float, evidence: EvidenceConfig) -> DecodedFrame:
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

    def _context(self, best: BestFrame, evidence: EvidenceConfig) -> tuple[DecodedFrame, ...]:
        """Up to `context_frames` frames spread over the ring, other than the best one."""
        shown = best.decoded.frame
        others = [decoded for _, decoded in self.ring if not _same(decoded.frame, shown)]
        count = min(evidence.context_frames, len(others))
        if not count:
            return ()
        stride = len(others) / count
        return tuple(others[int((n + 0.5) * stride)] for n in range(count))


def _patch(track: Track, grey: Grey | None, size: FrameSize) -> Grey | None:
    """Only vehicles are asked whether they stay."""
    if track.group != "vehicle" or grey is None:
        return None
    return place_history.patch_of(grey, in_shares(track.box, size))


def _same(a: Frame, b: Frame) -> bool:
    return a is b or a.picture == b.picture
