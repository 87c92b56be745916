"""A frame's path: gate, detect, track, engine.

PURE. `analyze` takes an admitted frame and says what became of it; `tick` evaluates frames that
turned out to stand alone. Neither knows a thread, queue, socket or clock: `now` is monotonic
seconds given by the caller, who calls `tick` first and both from one thread. Called by the analysis
worker and by replay.
"""

from __future__ import annotations

from collections.abc import Callable

from contract.ids import CameraId, ReportId, track_of
from contract.verdict import Decision
from edge.audit import events
from edge.audit.events import RejectedSegment
from edge.audit.sampling import Draw
from edge.camera_state import CameraState
from edge.config.health import Fault
from edge.config.schema import CameraConfig, EdgeConfig
from edge.detect import pixel_aspect
from edge.detect.detect_frame import Detector, SearchHints, detect_frame
from edge.gate.precheck import precheck
from edge.kept_frames import FrameDetections
from edge.privacy import pixels
from edge.records import (
    AlertCandidate,
    Analysed,
    BestFrame,
    DecodedFrame,
    Frame,
    Motion,
    Notices,
    Outcome,
    Quiet,
    TrackId,
)
from edge.rejected_segments import take_rejected
from edge.rule_engine import EngineResult, RuleEngine
from edge.rules import day_night, object_masks
from edge.static_objects.records import Memory, StaticObject
from edge.track import tracker
from edge.track.track import Track
from imaging import aspect
from imaging.admission import Rejected
from imaging.detections import Image

__all__ = ["Detector", "EngineResult", "Pipeline"]

_AGAIN = Motion(moved=False, why="same_picture", regions=(), share=0.0)

AuditLimit = Callable[[float, int, EdgeConfig], float]
"""By how much bytes lower the share that is audited (0..1), at a time in monotonic seconds, with so
many audits under way."""


class Pipeline:
    """The path of every camera that one analysis thread looks after."""

    def __init__(
        self,
        config: EdgeConfig,
        detector: Detector,
        epoch: int = 0,
        load_memory: Callable[[CameraId], Memory] = lambda _: Memory(),
    ) -> None:
        """`epoch` is the durable count of tracker starts; it keeps report ids apart. `load_memory`
        says what is remembered of a camera's static objects when its first frame comes."""
        self._config = config
        self._detector = detector
        self.epoch = epoch
        self._load_memory = load_memory
        self._states: dict[CameraId, CameraState] = {}
        self._audit_limit: AuditLimit = lambda _, __, ___: 1.0

    def limit_audits(self, limit: AuditLimit) -> None:
        """Audits have a bound, as live; without, as in a replay, all that are drawn can be sent."""
        self._audit_limit = limit

    def adopt(self, config: EdgeConfig, detector: Detector | None) -> None:
        """Go on with another configuration, and another detector if one is given."""
        self._config = config
        self._detector = detector or self._detector

    def analyze(self, frame: Frame, now: float) -> Outcome:
        """What became of the frame; an `Analysed` carries the candidates that it raised."""
        engine, config = self._engine(frame.camera), self._config
        settings, state = engine.settings, self._state(frame.camera)
        deduplication = config.decide.deduplication
        if deduplication.enabled and state.repeats(frame, deduplication.longest_s):
            return Quiet(motion=_AGAIN)
        state.count_frame(
            now, float("inf") if settings.kind == "stream" else settings.snapshot_after_s
        )
        followed = any(track.moving for track in state.tracks.alive)
        checked = precheck(
            state.gate, state.health, frame, config, settings, now, followed=followed
        )
        state.gate, state.health, seen = checked.gate, checked.health, checked.motion
        state.grey = checked.grey
        if checked.grey is not None:
            state.place_history = state.place_history.after(checked.grey, now)
        if isinstance(seen, Rejected):
            return seen
        state.audit = events.watch(state.audit, frame, seen, now, self._draw(frame.camera, now))
        if not seen.moved:
            state.mark_reported()
            state.tracks = tracker.expire(state.tracks, now, config.decide.tracking)
            return Quiet(motion=seen)
        return self._analyze_moving(engine, state, frame, seen, now)

    def _analyze_moving(
        self, engine: RuleEngine, state: CameraState, frame: Frame, seen: Motion, now: float
    ) -> Outcome:
        """The rest of the path, for a frame that deserves the detector."""
        settings, config = engine.settings, self._config
        image = pixels(frame, settings.privacy_masks)
        if isinstance(image, Rejected):
            return image
        decoded = _decoded(frame, image, settings)
        size = decoded.width, decoded.height
        state.note_size(size)
        hints = SearchHints(
            motion=seen,
            expected=tracker.expected(state.tracks, now),
            alone=engine.evaluates_single_pictures(state),
            aspect=decoded.aspect,
        )
        state.crop_history, detection = detect_frame(
            state.crop_history, self._detector, image, hints, now, config.detect.regions
        )
        health = config.health_of(settings)
        state.aspect_estimate, aspect_inferences = pixel_aspect.step(
            state.aspect_estimate, self._detector, decoded, image, settings, health, now
        )
        found, ignored = object_masks.apply(detection.found, settings.object_masks, size)
        state.day_night = day_night.step(state.day_night, image, now, config.decide.day_night)
        result = engine.evaluate(state, (FrameDetections(decoded, found, now, image), image), seen)
        state.unmask_detected(now)
        state.mark_reported(result.candidates, result.duplicates)
        return Analysed(
            motion=seen,
            detections=found,
            image=image,
            candidates=result.candidates,
            rule_results=result.rule_results,
            ignored=ignored,
            duplicates=result.duplicates,
            suppressed=result.suppressed,
            inferences=detection.inferences + aspect_inferences,
        )

    def tick(self, now: float) -> tuple[AlertCandidate, ...]:
        """The candidates of frames that have stood alone long enough by `now`."""
        return tuple(candidate for result in self.flush(now) for candidate in result.candidates)

    def flush(self, now: float) -> tuple[EngineResult, ...]:
        """As `tick`, with every rule result of those frames, for each camera that had any."""
        return tuple(
            result
            for camera, state in self._states.items()
            if (result := self._flush(camera, state, now)) is not None
        )

    def rejected_segments(self, now: float) -> tuple[RejectedSegment, ...]:
        """Motion events and quiet minutes that are over by `now` and had nothing suspected."""
        return tuple(
            one
            for camera, state in self._states.items()
            for one in take_rejected(state, camera, self.epoch, self._config, now)
        )

    def forget(self, camera: CameraId) -> None:
        """Nothing is remembered of `camera`; should it come back, it begins anew."""
        self._states.pop(camera, None)

    def forget_alarms(self, camera: CameraId) -> None:
        """See `CameraState.forget_alarms`."""
        self._state(camera).forget_alarms()

    def follows(self, camera: CameraId) -> bool:
        """Whether frames of `camera` came here."""
        return camera in self._states

    def next_best_frame(self, camera: CameraId, track: TrackId) -> BestFrame | None:
        """A frame of the track that no candidate had yet; see `KeptFrames.next_best_frame`."""
        state = self._states.get(camera)
        return state.kept_frames.next_best_frame(track) if state else None

    def live(self, camera: CameraId) -> frozenset[TrackId]:
        """The tracks of `camera` that have not ended."""
        return frozenset(track.id for track in self.tracks(camera))

    def tracks(self, camera: CameraId) -> tuple[Track, ...]:
        """The same with all that is known of each."""
        state = self._states.get(camera)
        return state.tracks.alive if state else ()

    def static_objects(self, camera: CameraId) -> tuple[StaticObject, ...]:
        """What is remembered of static objects before `camera`."""
        state = self._states.get(camera)
        return state.memory.objects if state else ()

    def update_memory(self, camera: CameraId, change: Callable[[Memory], Memory]) -> None:
        """Take up what became known elsewhere about the camera's static objects."""
        state = self._states.get(camera)
        if state is not None:
            state.memory = change(state.memory)

    def apply_verdict(self, camera: CameraId, report_id: ReportId, decision: Decision) -> None:
        """What the cloud decided about an object: what it refuted may soon be asked again."""
        state = self._states.get(camera)
        epoch, track = track_of(report_id)
        if state is not None and epoch == self.epoch:
            state.apply_verdict(TrackId(track), refuted=decision == "refuted")
            if decision == "refuted":
                state.audit = events.refute(state.audit, TrackId(track))

    def faults(self, camera: CameraId) -> tuple[Fault, ...]:
        """What is wrong with the pictures of `camera`; any thread may ask."""
        state = self._states.get(camera)
        if state is None:
            return ()
        found: tuple[Fault, ...] = state.health.faults
        if state.aspect_estimate.proposed:
            found += ("squeezed",)
        settings = self._settings(camera)
        health = self._config.health_of(settings)
        watched = health.enabled and "resizing" not in health.ignore
        if state.resizing and watched and settings.kind != "snapshot":
            found += ("resizing",)
        return found

    def notices(self, camera: CameraId) -> Notices:
        """What was found out about `camera`; any thread may ask."""
        state = self._states.get(camera)
        if state is None:
            return Notices()
        return Notices(
            auto_masks=state.gate.auto.boxes(), proposed_pixel_aspect=state.aspect_estimate.proposed
        )

    def _state(self, camera: CameraId) -> CameraState:
        state = self._states.get(camera)
        if state is None:
            state = self._states[camera] = CameraState(memory=self._load_memory(camera))
        return state

    def _settings(self, camera: CameraId) -> CameraConfig:
        return self._config.of_camera(camera)

    def _engine(self, camera: CameraId) -> RuleEngine:
        settings = self._settings(camera)
        return RuleEngine(config=self._config, camera=camera, settings=settings, epoch=self.epoch)

    def _draw(self, camera: CameraId, now: float) -> Draw:
        config = self._config

        def chance() -> float:
            under_way = sum(state.audit.under_way for state in self._states.values())
            return self._audit_limit(now, under_way, config)

        return Draw(config.gateway.id, camera, self.epoch, config.deliver.audit, chance)

    def _flush(self, camera: CameraId, state: CameraState, now: float) -> EngineResult | None:
        result = self._engine(camera).flush(state, now)
        if result is not None:
            state.mark_reported(result.candidates, result.duplicates)
        return result


def _decoded(frame: Frame, image: Image, settings: CameraConfig) -> DecodedFrame:
    height, width = image.shape[:2]
    pixel = aspect.pixel_aspect(frame.header, settings.pixel_aspect, image.shape)
    return DecodedFrame(frame=frame, width=int(width), height=int(height), aspect=pixel)
