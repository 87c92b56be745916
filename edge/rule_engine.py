"""The rule engine of one camera: what do its detections mean, by tracks or by single pictures?

PURE, though the camera's state is changed in place. An object in a stream is followed and its
recent frames vote; frames that came too few to vote are evaluated as single pictures, when the
burst is over. Called by `pipeline`, which ran the detector. What the rules found becomes an alert
candidate: the suspicion, and the frames that show it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from contract.ids import CameraId, GatewayId, report_id
from edge.camera_state import CameraState
from edge.config.schema import CameraConfig, EdgeConfig
from edge.kept_frames import CandidateFrames, FrameDetections
from edge.privacy import pixels
from edge.records import (
    AlertCandidate,
    BestFrame,
    Duplicate,
    Frame,
    Motion,
    RuleResult,
    SuppressedAlarm,
    Suspicion,
)
from edge.rules import deduplication, evaluate
from edge.rules.context import EvaluationContext, evaluation_context
from edge.rules.evaluate import Finding
from edge.static_objects import matching
from edge.static_objects.appearance import FrameContext
from edge.track import tracker
from edge.track.motion_verification import foreground_of
from edge.track.track import Tracks
from imaging.admission import Rejected
from imaging.detections import Detections, Image
from service.places import ZoneConfig

VOTES_NEEDED = 3
"""A burst of fewer frames cannot vote; its frames are evaluated as single pictures."""

_NO_PLACE = SuppressedAlarm(object_id="", reason="too_many_tracks")

Shown = tuple[FrameDetections, Image]
"""What was found in a frame, with the pixels it was found in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineResult:
    """Alert candidates, what every rule said of every object, what is only counted as a duplicate,
    and what was suppressed."""

    camera: CameraId
    candidates: tuple[AlertCandidate, ...] = ()
    rule_results: tuple[RuleResult, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    suppressed: tuple[SuppressedAlarm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEngine:
    """Evaluates the rules for one camera by its `settings`; `epoch` keeps report ids apart."""

    config: EdgeConfig
    camera: CameraId
    settings: CameraConfig
    epoch: int

    def evaluates_single_pictures(self, state: CameraState) -> bool:
        """Whether the newest frame may yet have to be evaluated as a single picture."""
        new = self.settings.kind == "auto" and state.burst.frames < VOTES_NEEDED
        return new or self._follows_nothing(state)

    def evaluate(self, state: CameraState, shown: Shown, seen: Motion) -> EngineResult:
        """What a frame just looked at means."""
        if self._follows_nothing(state):
            return self._alone(state, (shown,))
        return self._follow(state, shown, seen)

    def _follows_nothing(self, state: CameraState) -> bool:
        """Of pictures that keep changing their size no two show the same place."""
        return self.settings.kind == "snapshot" or state.resizing

    def flush(self, state: CameraState, now: float) -> EngineResult | None:
        """What the frames mean that have stood alone long enough by `now`, if there are any."""
        burst = state.burst
        waits = now - burst.seen_at_s < self.settings.snapshot_after_s
        if self.settings.kind != "auto" or waits:
            return None
        pending = burst.close()
        if burst.raised or burst.frames >= VOTES_NEEDED:
            return None
        pairs = (
            (detected, pixels(detected.decoded.frame, self.settings.privacy_masks))
            for detected in pending
        )
        shown = tuple(
            (detected, image) for detected, image in pairs if not isinstance(image, Rejected)
        )
        return self._alone(state, shown, now) if shown else None

    def _follow(self, state: CameraState, shown: Shown, seen: Motion) -> EngineResult:
        detected, image = shown
        state.set_size(detected.size)
        decide, foreground = self.config.decide, foreground_of(seen, detected.size)
        state.tracks = tracker.step(
            state.tracks, detected.found, foreground, detected.now, decide.tracking
        )
        state.remember(detected, self.config.deliver.evidence)
        frame_context = _frame_context(detected, image)
        known = self._known(state, state.tracks, detected, frame_context)
        evaluated = evaluate.evaluate_tracks(
            state.tracks, self._context(state, detected, known), detected.now
        )
        state.burst.raised |= bool(evaluated.findings)
        result = state.deduplicate(
            evaluated.findings, self.camera, detected.now, decide.deduplication
        )
        state.tracks = deduplication.without_reports(
            state.tracks, evaluated.tracks, result.throttled
        )
        state.memory, suppressed = matching.suppress(state.memory, evaluated.rule_results, known)
        frame, evidence = detected.decoded.frame, self.config.deliver.evidence
        candidates = tuple(
            self._candidate(
                state.kept_frames.pop_for_track(one.track, frame.received_mono_s, evidence),
                one,
                frame,
            )
            for one in result.passed
        )
        return EngineResult(
            camera=self.camera,
            candidates=self._add_queries(state, candidates, frame_context, alone=False),
            rule_results=evaluated.rule_results,
            duplicates=result.duplicates,
            suppressed=suppressed + (_NO_PLACE,) * state.tracks.over_limit,
        )

    def _alone(
        self, state: CameraState, shown: tuple[Shown, ...], now: float | None = None
    ) -> EngineResult:
        """Per rule and kind of object the best finding over the frames, each by itself."""
        best: dict[tuple[str, str], tuple[Finding, FrameDetections, FrameContext]] = {}
        rule_results: tuple[RuleResult, ...] = ()
        suppressed: tuple[SuppressedAlarm, ...] = ()
        for detected, image in shown:
            frame_context = _frame_context(detected, image)
            known = self._known(state, detected.found, detected, frame_context)
            findings, more = evaluate.evaluate_picture(
                detected.found, self._context(state, detected, known), state.tracks.next_id
            )
            state.memory, kept_back = matching.suppress(state.memory, more, known)
            rule_results, suppressed = rule_results + more, suppressed + kept_back
            for finding in findings:
                key = finding.rule.id, evaluate.kind(finding.label)
                first = best.get(key)
                if first is None or finding.score > first[0].score:
                    best[key] = (finding, detected, frame_context)
        seen_in = {}
        for finding, detected, frame_context in best.values():
            named = state.number(finding)
            seen_in[named.track] = named, detected, frame_context
        at = shown[-1][0].now if now is None else now
        named_findings = (finding for finding, _, _ in seen_in.values())
        result = state.deduplicate(
            named_findings, self.camera, at, self.config.decide.deduplication
        )
        candidates: tuple[AlertCandidate, ...] = ()
        for finding in result.passed:
            _, detected, frame_context = seen_in[finding.track]
            candidates += self._single_picture_candidate(
                state, finding, detected, frame_context, at
            )
        return EngineResult(
            camera=self.camera,
            candidates=candidates,
            rule_results=rule_results,
            duplicates=result.duplicates,
            suppressed=suppressed,
        )

    def _single_picture_candidate(
        self,
        state: CameraState,
        finding: Finding,
        detected: FrameDetections,
        frame_context: FrameContext,
        at: float,
    ) -> tuple[AlertCandidate, ...]:
        best_frame = BestFrame(detected.decoded, finding.box, finding.score)
        late = timedelta(seconds=at - detected.now)
        frames = state.kept_frames.for_single_picture(best_frame, self.config.deliver.evidence)
        candidate = self._candidate(frames, finding, detected.decoded.frame, late)
        state.remember_reported(detected.decoded.frame)
        return self._add_queries(state, (candidate,), frame_context, alone=True)

    def _context(
        self, state: CameraState, detected: FrameDetections, known: matching.Known
    ) -> EvaluationContext:
        at, night = detected.decoded.frame.received_at, state.day_night.night
        return replace(
            evaluation_context(self.settings, self.config.decide, detected.size, at, night),
            known=known,
            aspect=detected.decoded.aspect,
            similarity=partial(state.similarity, now=detected.now),
            stays=state.stays,
        )

    def _known(
        self,
        state: CameraState,
        found: Tracks | Detections,
        detected: FrameDetections,
        frame_context: FrameContext,
    ) -> matching.Known:
        """Which objects of the frame are known to stand there."""
        state.memory, known = matching.match_objects(
            state.memory, found, detected.size, frame_context, self.config.decide.static_objects
        )
        return known

    def _add_queries(
        self,
        state: CameraState,
        candidates: tuple[AlertCandidate, ...],
        frame_context: FrameContext,
        *,
        alone: bool,
    ) -> tuple[AlertCandidate, ...]:
        """The same candidates; the memory keeps what they are about until the cloud has
        answered."""
        if self.config.decide.static_objects.enabled:
            for candidate in candidates:
                state.memory = matching.add_query(
                    state.memory, candidate.suspicion, frame_context, alone=alone
                )
        return candidates

    def _candidate(
        self,
        frames: CandidateFrames,
        finding: Finding,
        frame: Frame,
        late: timedelta | None = None,
    ) -> AlertCandidate:
        """The candidate of what was found in `frame`; `late` is by how much later a frame was
        evaluated as a single picture."""
        gateway = GatewayId(self.config.gateway.id)
        best, *_ = frames.best
        return AlertCandidate(
            suspicion=_suspicion(
                finding, self.settings.zones, gateway, frame, self.epoch, late or timedelta(0)
            ),
            best=best.decoded,
            best_box=best.box,
            others=frames.best[1:],
            view=frames.view,
            followed=late is None,
            context=frames.context,
        )


def _frame_context(detected: FrameDetections, image: Image) -> FrameContext:
    return FrameContext(image=image, at=detected.decoded.frame.received_at, now=detected.now)


def _suspicion(
    finding: Finding,
    zones: tuple[ZoneConfig, ...],
    gateway: GatewayId,
    frame: Frame,
    epoch: int,
    late: timedelta,
) -> Suspicion:
    asked = {*finding.rule.zones, *finding.zones}
    return Suspicion(
        report_id=report_id(gateway, frame.camera, epoch, finding.track, finding.sequence),
        camera=frame.camera,
        track=finding.track,
        rule=finding.rule.id,
        label=finding.label,
        score=finding.score,
        top_score=finding.top_score,
        median_score=finding.median_score,
        severity=finding.severity,
        box=finding.box,
        zones=finding.zones,
        age_s=finding.age_s,
        displacement=finding.displacement,
        stationary=finding.stationary,
        reasons=finding.reasons,
        raised_at=frame.received_at + late,
        outlines=tuple(zone for zone in zones if zone.id in asked),
    )
