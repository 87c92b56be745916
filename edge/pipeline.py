"""A frame's path: gate, detect, track, judge.

PURE. `analyze` takes an admitted frame and says what became of it; `tick` judges frames that turned
out to stand alone. Neither knows a thread, queue, socket or clock: `now` is monotonic seconds given
by the caller, who calls `tick` first and both from one thread. Called by the analysis worker and by
replay.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from contract.ids import CameraId, GatewayId, report_id
from edge.config.schema import Camera, Config, Gate, Rule
from edge.decide import threat, tracker
from edge.decide.movement import change_of
from edge.decide.threat import Finding, Size
from edge.film import CameraState, Look, Take
from edge.gate import motion
from edge.records import Analysed, Case, Frame, Motion, Outcome, Quiet, Shot, Suspicion, TrackId
from imaging.admission import Rejected
from imaging.decode import decode, decode_grey
from imaging.detections import Detections, Image

VOTES_NEEDED = 3
"""A burst of fewer frames cannot vote; its frames are judged alone."""


class Sees(Protocol):
    """Whatever finds things in a whole frame; see `edge.detect.detector.Detector`."""

    def detect(self, image: Image) -> Detections: ...


class Pipeline:
    """The path of every camera that one analysis thread looks after."""

    def __init__(self, config: Config, detector: Sees, epoch: int = 0) -> None:
        """`epoch` is the durable count of tracker starts; it keeps report ids apart."""
        self._config = config
        self._detector = detector
        self._epoch = epoch
        self._states: dict[CameraId, CameraState] = {}

    def adopt(self, config: Config, detector: Sees | None) -> None:
        """Go on with another configuration, and another detector if one is given."""
        self._config = config
        self._detector = detector or self._detector

    def analyze(self, frame: Frame, now: float) -> Outcome:
        """What became of the frame; an `Analysed` carries the cases that it raised."""
        settings = self._settings(frame.camera)
        state = self._states.setdefault(frame.camera, CameraState())
        state.arrive(now, float("inf") if settings.kind == "stream" else settings.snapshot_after_s)
        seen = self._gate(state, frame, settings, now)
        if isinstance(seen, Rejected):
            return seen
        if not seen.moved:
            state.tracks = tracker.expire(state.tracks, now, self._config.decide.tracking)
            return Quiet(motion=seen)
        image = decode(frame.picture, frame.header)
        if isinstance(image, Rejected):
            return image
        found = self._detector.detect(image)
        cases = self._judge(state, Look(_shot(frame, image), found, now), seen, settings)
        return Analysed(motion=seen, detections=found, image=image, cases=cases)

    def tick(self, now: float) -> tuple[Case, ...]:
        """The cases of frames that have stood alone long enough by `now`."""
        return tuple(
            case
            for camera, state in self._states.items()
            for case in self._settle(camera, state, now)
        )

    def live(self, camera: CameraId) -> frozenset[TrackId]:
        """The tracks of `camera` that have not ended."""
        state = self._states.get(camera)
        return frozenset(t.id for t in state.tracks.alive) if state else frozenset()

    def _settings(self, camera: CameraId) -> Camera:
        return self._config.cameras.get(camera, self._config.camera_defaults)

    def _rules(self, settings: Camera) -> tuple[Rule, ...]:
        return self._config.decide.rules if settings.rules is None else settings.rules

    def _gate(
        self, state: CameraState, frame: Frame, settings: Camera, now: float
    ) -> Motion | Rejected:
        gate: Gate = self._config.gate if settings.gate is None else settings.gate
        if settings.kind == "snapshot" or not gate.enabled:
            return motion.off()
        grey = decode_grey(frame.picture, frame.header, motion.WIDTH_PX)
        if isinstance(grey, Rejected):
            return grey
        size = _upright(frame, (int(grey.shape[1]), int(grey.shape[0])))
        state.gate, seen = motion.look(state.gate, grey, size, now, gate)
        return seen

    def _judge(
        self, state: CameraState, look: Look, seen: Motion, settings: Camera
    ) -> tuple[Case, ...]:
        rules = self._rules(settings)
        if settings.kind == "snapshot":
            return self._alone(state, (look,), rules, settings)
        state.fit(look.size)
        tracking, change = self._config.decide.tracking, change_of(seen, look.size)
        state.tracks = tracker.step(state.tracks, look.found, change, look.now, tracking)
        state.remember(look, self._config.deliver.evidence)
        state.tracks, findings = threat.judge_tracks(
            state.tracks, rules, settings.zones, look.size, look.now
        )
        state.burst.raised |= bool(findings)
        return tuple(self._case(state, state.take(f.track), f, look.shot.frame) for f in findings)

    def _settle(self, camera: CameraId, state: CameraState, now: float) -> tuple[Case, ...]:
        settings = self._settings(camera)
        burst = state.burst
        if settings.kind != "auto" or now - burst.seen_at_s < settings.snapshot_after_s:
            return ()
        looks = burst.close()
        if burst.raised or burst.frames >= VOTES_NEEDED or not looks:
            return ()
        return self._alone(state, looks, self._rules(settings), settings, now)

    def _alone(
        self,
        state: CameraState,
        looks: tuple[Look, ...],
        rules: tuple[Rule, ...],
        settings: Camera,
        now: float | None = None,
    ) -> tuple[Case, ...]:
        """Per rule the best finding over `looks`, each of which is judged for itself."""
        best: dict[str, tuple[Finding, Look]] = {}
        for look in looks:
            for finding in threat.judge_alone(
                look.found, rules, settings.zones, look.size, state.tracks.next_id
            ):
                known = best.get(finding.rule.id)
                if known is None or finding.score > known[0].score:
                    best[finding.rule.id] = (finding, look)
        cases = []
        for finding, look in best.values():
            named = state.number(finding)
            late = timedelta(seconds=0.0 if now is None else now - look.now)
            take = Take(look.shot, finding.box, finding.score)
            cases.append(self._case(state, take, named, look.shot.frame, late))
        return tuple(cases)

    def _case(
        self,
        state: CameraState,
        take: Take,
        finding: Finding,
        frame: Frame,
        late: timedelta = timedelta(0),
    ) -> Case:
        evidence = self._config.deliver.evidence
        return Case(
            suspicion=_suspicion(
                finding, GatewayId(self._config.gateway.id), frame, self._epoch, late
            ),
            best=take.shot,
            best_box=take.box,
            context=state.context(take.shot, evidence),
        )


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
        severity=finding.rule.severity,
        box=finding.box,
        zones=finding.zones,
        age_s=finding.age_s,
        displacement=finding.travelled,
        stationary=finding.stationary,
        reasons=finding.reasons,
        raised_at=frame.received_at + late,
    )
