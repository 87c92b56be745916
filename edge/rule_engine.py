"""Judges what was found in front of one camera: by its tracks, or each picture alone.

PURE, though the camera's state is changed in place. A thing in a stream is followed and its recent
frames vote; frames that came too few to vote are judged alone, when the burst is over. Called by
`pipeline`, which ran the detector. What the rules found becomes a case: the suspicion, and the
frames that show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from contract.ids import CameraId, GatewayId, report_id
from edge.camera_state import CameraState, FrameDetections
from edge.config.schema import Camera, Config
from edge.privacy import pixels
from edge.records import BestFrame, Case, Frame, Judgement, Merged, Motion, Suspicion, Withheld
from edge.rules import deduplication, evaluate
from edge.rules.context import Conditions, conditions
from edge.rules.evaluate import Finding
from edge.static_objects import matching
from edge.static_objects.appearance import Moment
from edge.track import tracker
from edge.track.motion_verification import foreground_of
from edge.track.track import Tracks
from imaging.admission import Rejected
from imaging.detections import Detections, Image

VOTES_NEEDED = 3
"""A burst of fewer frames cannot vote; its frames are judged alone."""

_NO_PLACE = Withheld(thing="", reason="too_many_tracks")

Shown = tuple[FrameDetections, Image]
"""What was found in a frame, with the pixels it was found in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of judging: cases, what every rule said of every thing, what is counted with
    another case, what was kept back."""

    camera: CameraId
    cases: tuple[Case, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    merged: tuple[Merged, ...] = ()
    withheld: tuple[Withheld, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges one camera by its `settings`; `epoch` keeps report ids apart."""

    config: Config
    camera: CameraId
    settings: Camera
    epoch: int

    def looks_at_lone_pictures(self, state: CameraState) -> bool:
        """Whether the newest frame may yet have to be judged alone."""
        kind = self.settings.kind
        return kind == "snapshot" or (kind == "auto" and state.burst.frames < VOTES_NEEDED)

    def judge(self, state: CameraState, shown: Shown, seen: Motion) -> Settled:
        """What a frame just looked at means."""
        if self.settings.kind == "snapshot":
            return self._alone(state, (shown,))
        return self._follow(state, shown, seen)

    def settle(self, state: CameraState, now: float) -> Settled | None:
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

    def _follow(self, state: CameraState, shown: Shown, seen: Motion) -> Settled:
        detected, image = shown
        state.set_size(detected.size)
        decide, foreground = self.config.decide, foreground_of(seen, detected.size)
        state.tracks = tracker.step(
            state.tracks, detected.found, foreground, detected.now, decide.tracking
        )
        state.remember(detected, self.config.deliver.evidence)
        moment = _moment(detected, image)
        known = self._known(state, state.tracks, detected, moment)
        judged = evaluate.judge_tracks(
            state.tracks, self._conditions(state, detected, known), detected.now
        )
        state.burst.raised |= bool(judged.findings)
        damped = state.damp(judged.findings, self.camera, detected.now, decide.deduplication)
        state.tracks = deduplication.unsaid(state.tracks, judged.tracks, damped.held)
        state.memory, withheld = matching.withhold(state.memory, judged.judgements, known)
        cases = tuple(
            case_of(
                state,
                state.pop_best_frames(f.track),
                f,
                detected.decoded.frame,
                self.config,
                self.epoch,
            )
            for f in damped.passed
        )
        return Settled(
            camera=self.camera,
            cases=self._asked(state, cases, moment, alone=False),
            judgements=judged.judgements,
            merged=damped.merged,
            withheld=withheld + (_NO_PLACE,) * state.tracks.over_limit,
        )

    def _alone(
        self, state: CameraState, shown: tuple[Shown, ...], now: float | None = None
    ) -> Settled:
        """Per rule and kind of thing the best finding over the frames, each judged for itself."""
        best: dict[tuple[str, str], tuple[Finding, FrameDetections, Moment]] = {}
        judgements: tuple[Judgement, ...] = ()
        withheld: tuple[Withheld, ...] = ()
        for detected, image in shown:
            moment = _moment(detected, image)
            known = self._known(state, detected.found, detected, moment)
            findings, more = evaluate.judge_alone(
                detected.found, self._conditions(state, detected, known), state.tracks.next_id
            )
            state.memory, kept_back = matching.withhold(state.memory, more, known)
            judgements, withheld = judgements + more, withheld + kept_back
            for finding in findings:
                key = finding.rule.id, evaluate.kind(finding.label)
                first = best.get(key)
                if first is None or finding.score > first[0].score:
                    best[key] = (finding, detected, moment)
        seen_in = {}
        for finding, detected, moment in best.values():
            named = state.number(finding)
            seen_in[named.track] = named, detected, moment
        at = shown[-1][0].now if now is None else now
        named_findings = (finding for finding, _, _ in seen_in.values())
        damped = state.damp(named_findings, self.camera, at, self.config.decide.deduplication)
        cases: tuple[Case, ...] = ()
        for finding in damped.passed:
            _, detected, moment = seen_in[finding.track]
            cases += self._lone_case(state, finding, detected, moment, at)
        return Settled(
            camera=self.camera,
            cases=cases,
            judgements=judgements,
            merged=damped.merged,
            withheld=withheld,
        )

    def _lone_case(
        self,
        state: CameraState,
        finding: Finding,
        detected: FrameDetections,
        moment: Moment,
        at: float,
    ) -> tuple[Case, ...]:
        best_frame = BestFrame(detected.decoded, finding.box, finding.score)
        late = timedelta(seconds=at - detected.now)
        case = case_of(
            state, (best_frame,), finding, detected.decoded.frame, self.config, self.epoch, late
        )
        return self._asked(state, (case,), moment, alone=True)

    def _conditions(
        self, state: CameraState, detected: FrameDetections, known: matching.Known
    ) -> Conditions:
        at, night, aspect = (
            detected.decoded.frame.received_at,
            state.day_night.night,
            detected.decoded.aspect,
        )
        likeness = partial(state.likeness, now=detected.now)
        decide = self.config.decide
        return conditions(
            self.settings, decide, detected.size, at, night, known, aspect, likeness, state.stays
        )

    def _known(
        self,
        state: CameraState,
        things: Tracks | Detections,
        detected: FrameDetections,
        moment: Moment,
    ) -> matching.Known:
        """Which things of the frame are known to stand there."""
        state.memory, known = matching.among(
            state.memory, things, detected.size, moment, self.config.decide.static_objects
        )
        return known

    def _asked(
        self, state: CameraState, cases: tuple[Case, ...], moment: Moment, *, alone: bool
    ) -> tuple[Case, ...]:
        """The same cases; the memory keeps what they are about until the cloud has answered."""
        if self.config.decide.static_objects.enabled:
            for case in cases:
                state.memory = matching.ask(state.memory, case.suspicion, moment, alone=alone)
        return cases


def _moment(detected: FrameDetections, image: Image) -> Moment:
    return Moment(image=image, at=detected.decoded.frame.received_at, now=detected.now)


def case_of(
    state: CameraState,
    best_frames: tuple[BestFrame, ...],
    finding: Finding,
    frame: Frame,
    config: Config,
    epoch: int,
    late: timedelta | None = None,
) -> Case:
    """The case of what was found in `frame`; `best_frames` show it, best first.

    `late`: by how much a frame was judged alone; such a one is a view of its own.
    """
    evidence, gateway = config.deliver.evidence, GatewayId(config.gateway.id)
    best, now = best_frames[0], frame.received_mono_s
    return Case(
        suspicion=_suspicion(finding, gateway, frame, epoch, late or timedelta(0)),
        best=best.decoded,
        best_box=best.box,
        others=best_frames[1:],
        view=state.scene_view(best.decoded, now, evidence) if late is None else None,
        followed=late is None,
        context=state.context(best.decoded, evidence),
    )


def _suspicion(
    finding: Finding, gateway: GatewayId, frame: Frame, epoch: int, late: timedelta
) -> Suspicion:
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
    )
