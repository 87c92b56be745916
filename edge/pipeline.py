"""A frame's path: gate, detect, track, judge.

PURE. `analyze` takes an admitted frame and says what became of it; `tick` judges frames that turned
out to stand alone. Neither knows a thread, queue, socket or clock: `now` is monotonic seconds given
by the caller, who calls `tick` first and both from one thread. Called by the analysis worker and by
replay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from contract.ids import CameraId, GatewayId, report_id
from edge.config.health import Fault
from edge.config.schema import Camera, Config, Gate
from edge.decide import audit, light, masks, standing, storm, threat, tracker
from edge.decide.audit import Draw, Unsuspected
from edge.decide.conditions import Conditions, Size, conditions
from edge.decide.moment import Moment
from edge.decide.movement import change_of
from edge.decide.things import Memory
from edge.decide.threat import Finding
from edge.decide.tracker import Tracks
from edge.detect.look import Hints, Sees, look_at
from edge.film import CameraState, Look
from edge.gate import camera_health, motion
from edge.records import (
    Analysed,
    Case,
    Frame,
    Judgement,
    Merged,
    Motion,
    Outcome,
    Quiet,
    Shot,
    Suspicion,
    Take,
    TrackId,
    Withheld,
)
from imaging.admission import Rejected
from imaging.aspect import pixel_aspect
from imaging.decode import decode, decode_grey
from imaging.detections import Detections, Image

__all__ = ["VOTES_NEEDED", "Pipeline", "Sees", "Settled"]

VOTES_NEEDED = 3
"""A burst of fewer frames cannot vote; its frames are judged alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of judging: cases, what every rule said of every thing, what is counted with
    another case, what was kept back."""

    camera: CameraId
    cases: tuple[Case, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    merged: tuple[Merged, ...] = ()
    withheld: tuple[Withheld, ...] = ()


class Pipeline:
    """The path of every camera that one analysis thread looks after."""

    def __init__(
        self,
        config: Config,
        detector: Sees,
        epoch: int = 0,
        recall: Callable[[CameraId], Memory] = lambda _: Memory(),
    ) -> None:
        """`epoch` is the durable count of tracker starts; it keeps report ids apart. `recall` says
        what is remembered of a camera's static things when its first frame comes."""
        self._config = config
        self._detector = detector
        self.epoch = epoch
        self._recall = recall
        self._states: dict[CameraId, CameraState] = {}

    def adopt(self, config: Config, detector: Sees | None) -> None:
        """Go on with another configuration, and another detector if one is given."""
        self._config = config
        self._detector = detector or self._detector

    def analyze(self, frame: Frame, now: float) -> Outcome:
        """What became of the frame; an `Analysed` carries the cases that it raised."""
        settings = self._settings(frame.camera)
        state = self._states.get(frame.camera)
        if state is None:
            state = self._states[frame.camera] = CameraState(memory=self._recall(frame.camera))
        state.arrive(now, float("inf") if settings.kind == "stream" else settings.snapshot_after_s)
        seen = self._gate(state, frame, settings, now)
        if isinstance(seen, Rejected):
            return seen
        state.audit = audit.watch(state.audit, frame, seen, now, self._draw(frame.camera))
        if not seen.moved:
            state.tracks = tracker.expire(state.tracks, now, self._config.decide.tracking)
            return Quiet(motion=seen)
        image = decode(frame.picture, frame.header)
        if isinstance(image, Rejected):
            return image
        shot = _shot(frame, image)
        aspect = pixel_aspect(frame.header, settings.pixel_aspect, image.shape)
        alone = settings.kind == "snapshot" or (
            settings.kind == "auto" and state.burst.frames < VOTES_NEEDED
        )
        hints = Hints(motion=seen, tracks=state.tracks.alive, alone=alone, aspect=aspect)
        regions = self._config.detect.regions
        state.gaze, sight = look_at(state.gaze, self._detector, image, hints, now, regions)
        found, ignored = masks.apply(sight.found, settings.object_masks, (shot.width, shot.height))
        state.light = light.step(state.light, image, now, self._config.decide.light)
        judged = self._marked(
            state, self._judge(state, Look(shot, found, now, image), image, seen, settings)
        )
        return Analysed(
            motion=seen,
            detections=found,
            image=image,
            cases=judged.cases,
            judgements=judged.judgements,
            ignored=ignored,
            merged=judged.merged,
            withheld=judged.withheld,
            inferences=sight.inferences,
        )

    def tick(self, now: float) -> tuple[Case, ...]:
        """The cases of frames that have stood alone long enough by `now`."""
        return tuple(case for settled in self.settle(now) for case in settled.cases)

    def settle(self, now: float) -> tuple[Settled, ...]:
        """As `tick`, with every judgement of those frames."""
        return tuple(self._settle(camera, state, now) for camera, state in self._states.items())

    def unsuspected(self, now: float) -> tuple[Unsuspected, ...]:
        """The motion events that are over by `now` and in which nothing was suspected."""
        return tuple(
            event
            for camera, state in self._states.items()
            if (event := self._unsuspected(camera, state, now)) is not None
        )

    def follows(self, camera: CameraId) -> bool:
        """Whether frames of `camera` came here."""
        return camera in self._states

    def further(self, camera: CameraId, track: TrackId) -> Take | None:
        """A frame of the track that no case had yet; see `CameraState.further`."""
        state = self._states.get(camera)
        return state.further(track) if state else None

    def live(self, camera: CameraId) -> frozenset[TrackId]:
        """The tracks of `camera` that have not ended."""
        state = self._states.get(camera)
        return frozenset(t.id for t in state.tracks.alive) if state else frozenset()

    def revise(self, camera: CameraId, change: Callable[[Memory], Memory]) -> None:
        """Take up what became known elsewhere about the camera's static things."""
        state = self._states.get(camera)
        if state is not None:
            state.memory = change(state.memory)

    def faults(self, camera: CameraId) -> tuple[Fault, ...]:
        """What is wrong with the pictures of `camera`; any thread may ask."""
        state = self._states.get(camera)
        return state.health.faults if state else ()

    def _draw(self, camera: CameraId) -> Draw:
        config = self._config
        return Draw(config.gateway.id, camera, self.epoch, config.deliver.audit)

    def _marked(self, state: CameraState, settled: Settled) -> Settled:
        """The same; a motion event with a thing in it that was told was not rejected."""
        if settled.cases or settled.merged or state.told:
            state.audit = audit.suspect(state.audit)
        return settled

    def _unsuspected(self, camera: CameraId, state: CameraState, now: float) -> Unsuspected | None:
        gap_s = max(audit.GAP_S, self._settings(camera).snapshot_after_s + 1.0)
        state.audit, event = audit.take(state.audit, now, gap_s)
        if event is None or event.suspected:
            return None
        lasted_s = event.moved_at_s - event.began_at_s
        if event.shown is None:
            return Unsuspected(camera=camera, lasted_s=lasted_s)
        gateway, number = GatewayId(self._config.gateway.id), state.number_next()
        id_ = report_id(gateway, camera, self.epoch, number, 0)
        return Unsuspected(camera=camera, lasted_s=lasted_s, shown=event.shown, report_id=id_)

    def _settings(self, camera: CameraId) -> Camera:
        return self._config.cameras.get(camera, self._config.camera_defaults)

    def _conditions(
        self, state: CameraState, look: Look, settings: Camera, known: standing.Known
    ) -> Conditions:
        at, night, header = look.shot.frame.received_at, state.light.night, look.shot.frame.header
        aspect = pixel_aspect(header, settings.pixel_aspect, look.size[::-1])
        return conditions(settings, self._config.decide, look.size, at, night, known, aspect)

    def _gate(
        self, state: CameraState, frame: Frame, settings: Camera, now: float
    ) -> Motion | Rejected:
        gate: Gate = self._config.gate if settings.gate is None else settings.gate
        health = self._config.health if settings.health is None else settings.health
        ungated = settings.kind == "snapshot" or not gate.enabled
        if ungated and not camera_health.due(state.health, now, health):
            return motion.off()
        grey = decode_grey(frame.picture, frame.header, motion.WIDTH_PX)
        if isinstance(grey, Rejected):
            return motion.off() if ungated else grey
        state.health = camera_health.step(state.health, grey, now, health, frame.claim_behind_s)
        if ungated:
            return motion.off()
        size = _upright(frame, (int(grey.shape[1]), int(grey.shape[0])))
        state.gate, seen = motion.look(
            state.gate,
            grey,
            size,
            now,
            gate,
            settings.motion_masks,
            followed=any(track.roams for track in state.tracks.alive),
        )
        return seen

    def _judge(
        self, state: CameraState, look: Look, image: Image, seen: Motion, settings: Camera
    ) -> Settled:
        if settings.kind == "snapshot":
            return self._alone(state, ((look, image),), settings)
        state.fit(look.size)
        tracking, change = self._config.decide.tracking, change_of(seen, look.size)
        state.tracks = tracker.step(state.tracks, look.found, change, look.now, tracking)
        state.remember(look, self._config.deliver.evidence)
        moment = _moment(look, image)
        known = self._known(state, state.tracks, look, moment)
        judged = threat.judge_tracks(
            state.tracks, self._conditions(state, look, settings, known), look.now
        )
        state.burst.raised |= bool(judged.findings)
        damped = state.damp(
            judged.findings, look.shot.frame.camera, look.now, self._config.decide.storm
        )
        state.tracks = storm.unsaid(state.tracks, judged.tracks, damped.held)
        state.memory, withheld = standing.withhold(state.memory, judged.judgements, known)
        cases = (self._case(state, state.take(f.track), f, look.shot.frame) for f in damped.passed)
        return Settled(
            camera=look.shot.frame.camera,
            cases=self._asked(state, tuple(cases), moment, alone=False),
            judgements=judged.judgements,
            merged=damped.merged,
            withheld=withheld,
        )

    def _known(
        self, state: CameraState, things: Tracks | Detections, look: Look, moment: Moment
    ) -> standing.Known:
        """Which things of the frame are known to stand there."""
        state.memory, known = standing.among(
            state.memory, things, look.size, moment, self._config.decide.static
        )
        return known

    def _asked(
        self, state: CameraState, cases: tuple[Case, ...], moment: Moment, *, alone: bool
    ) -> tuple[Case, ...]:
        """The same cases; the memory keeps what they are about until the cloud has answered."""
        if self._config.decide.static.enabled:
            for case in cases:
                state.memory = standing.ask(state.memory, case.suspicion, moment, alone=alone)
        return cases

    def _settle(self, camera: CameraId, state: CameraState, now: float) -> Settled:
        settings = self._settings(camera)
        burst = state.burst
        if settings.kind != "auto" or now - burst.seen_at_s < settings.snapshot_after_s:
            return Settled(camera=camera)
        looks = burst.close()
        if burst.raised or burst.frames >= VOTES_NEEDED:
            return Settled(camera=camera)
        pairs = ((look, decode(look.shot.frame.picture, look.shot.frame.header)) for look in looks)
        shown = tuple((look, image) for look, image in pairs if not isinstance(image, Rejected))
        settled = self._alone(state, shown, settings, now) if shown else Settled(camera=camera)
        return self._marked(state, settled)

    def _alone(
        self,
        state: CameraState,
        shown: tuple[tuple[Look, Image], ...],
        settings: Camera,
        now: float | None = None,
    ) -> Settled:
        """Per rule the best finding over the looks, each of which is judged for itself."""
        best: dict[str, tuple[Finding, Look, Moment]] = {}
        judgements: tuple[Judgement, ...] = ()
        withheld: tuple[Withheld, ...] = ()
        for look, image in shown:
            moment = _moment(look, image)
            known = self._known(state, look.found, look, moment)
            findings, more = threat.judge_alone(
                look.found, self._conditions(state, look, settings, known), state.tracks.next_id
            )
            state.memory, kept_back = standing.withhold(state.memory, more, known)
            judgements, withheld = judgements + more, withheld + kept_back
            for finding in findings:
                first = best.get(finding.rule.id)
                if first is None or finding.score > first[0].score:
                    best[finding.rule.id] = (finding, look, moment)
        seen_in = {}
        for finding, look, moment in best.values():
            named = state.number(finding)
            seen_in[named.track] = named, look, moment
        last = shown[-1][0]
        camera, at = last.shot.frame.camera, last.now if now is None else now
        named_findings = (finding for finding, _, _ in seen_in.values())
        damped = state.damp(named_findings, camera, at, self._config.decide.storm)
        cases: tuple[Case, ...] = ()
        for finding in damped.passed:
            _, look, moment = seen_in[finding.track]
            take = Take(look.shot, finding.box, finding.score)
            late = timedelta(seconds=at - look.now)
            case = self._case(state, (take,), finding, look.shot.frame, late)
            cases += self._asked(state, (case,), moment, alone=True)
        return Settled(
            camera=camera,
            cases=cases,
            judgements=judgements,
            merged=damped.merged,
            withheld=withheld,
        )

    def _case(
        self,
        state: CameraState,
        takes: tuple[Take, ...],
        finding: Finding,
        frame: Frame,
        late: timedelta | None = None,
    ) -> Case:
        """`late`: by how much a frame was judged alone; such a one is a view of its own."""
        evidence, gateway = self._config.deliver.evidence, GatewayId(self._config.gateway.id)
        best, now = takes[0], frame.received_mono_s
        return Case(
            suspicion=_suspicion(finding, gateway, frame, self.epoch, late or timedelta(0)),
            best=best.shot,
            best_box=best.box,
            others=takes[1:],
            view=state.whole_view(best.shot, now, evidence) if late is None else None,
            followed=late is None,
            context=state.context(best.shot, evidence),
        )


def _moment(look: Look, image: Image) -> Moment:
    return Moment(image=image, at=look.shot.frame.received_at, now=look.now)


def _shot(frame: Frame, image: Image) -> Shot:
    return Shot(frame=frame, width=int(image.shape[1]), height=int(image.shape[0]))


def _upright(frame: Frame, shown: Size) -> Size:
    """The frame's size as it is shown: decoding turns it by its EXIF orientation."""
    width, height = frame.header.width, frame.header.height
    lying, shown_lying = width > height, shown[0] > shown[1]
    return (width, height) if lying == shown_lying else (height, width)


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
        displacement=finding.travelled,
        stationary=finding.stationary,
        reasons=finding.reasons,
        raised_at=frame.received_at + late,
    )
