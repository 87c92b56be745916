"""The analysis worker: each frame is counted once, what it raises is kept before the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from contract.evidence_request import EvidenceRequest
from contract.ids import CameraId, GatewayId
from contract.report import ThreatReport
from edge.config.load import Loaded, read
from edge.daemon.analysis import AnalysisContext, AnalysisWorker, WorkerSettings
from edge.daemon.verdict_queue import VerdictQueue
from edge.deliver.evidence import ReportOrigin
from edge.deliver.evidence_requests import PATIENCE_S, EvidenceRequests
from edge.deliver.outbox import Outbox
from edge.errors import InferenceError
from edge.intake.admission import admit
from edge.intake.mailbox import Mailbox
from edge.metrics.counters import Counters, Timings
from edge.metrics.funnel import Funnel
from edge.pipeline import Detector, Pipeline
from edge.privacy import privacy_of
from edge.records import Frame, HeldMessage, Message
from imaging.detections import Detections, Image
from tests.fakes import recorded_events
from tests.unit.edge.deliver.bundles import bundle
from tests.unit.edge.deliver.site import Site
from tests.unit.edge.scenes import FindsDarkThings, picture

CAMERA = CameraId("yard")
SNAPSHOTS = "camera_defaults: {kind: snapshot}"


class Stumbles:
    """A detector whose interpreter fails as often as it is told, then sees."""

    def __init__(self, *failing: bool) -> None:
        self._failing = list(failing)
        self._sees = FindsDarkThings()

    @property
    def input_size(self) -> tuple[int, int]:
        return self._sees.input_size

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:
        if self._failing and self._failing.pop(0):
            raise InferenceError("the interpreter says no")
        return self._sees.detect(image, aspect)


def settings(document: str, detector: Detector, model: str = "a") -> WorkerSettings:
    loaded: Loaded = read(document.encode(), {})
    origin = ReportOrigin(
        gateway=GatewayId("gw"),
        model_sha256=model * 64,
        config_version=loaded.version,
        config_sha256=loaded.sha256,
        evidence=loaded.config.deliver.evidence,
        privacy=privacy_of(loaded.config),
    )
    return WorkerSettings(config=loaded.config, detector=detector, origin=origin)


class Desk:
    """An analysis worker at work on frames that the test hands in."""

    def __init__(
        self,
        folder: Path,
        document: str = SNAPSHOTS,
        detector: Detector | None = None,
        mailbox: Mailbox | None = None,
        **outbox: float,
    ) -> None:
        self.site = Site(folder / "outbox", **outbox)
        self.clock = self.site.clock
        self.outbox: Outbox = self.site.open()
        self.mailbox = Mailbox() if mailbox is None else mailbox
        self.counters, self.kept = Counters(), threading.Event()
        self.evidence_requests = EvidenceRequests(self.clock)
        chosen = settings(document, detector or FindsDarkThings())
        self.timings = Timings()
        self.pipeline = Pipeline(chosen.config, chosen.detector, epoch=1)
        self.worker = AnalysisWorker(
            chosen,
            self.mailbox,
            self.pipeline,
            AnalysisContext(
                outbox=self.outbox,
                counters=self.counters,
                timings=self.timings,
                clock=self.clock,
                kept=self.kept,
                evidence_requests=self.evidence_requests,
                verdict_queue=VerdictQueue(),
            ),
        )

    def frame(self, payload: bytes) -> Frame:
        message = Message(
            camera=CAMERA,
            topic="t",
            payload=payload,
            received_at=self.clock.now(),
            received_mono_s=self.clock.mono(),
        )
        intake = read(b"", {}).config.intake
        admitted = admit(message, intake.limits, intake.json_paths)
        assert isinstance(admitted, Frame)
        return admitted

    def look(self, payload: bytes) -> None:
        self.arrive(payload)
        self.worker.step()

    def arrive(self, payload: bytes) -> None:
        self.counters.count(CAMERA, "received")
        self.mailbox.put(self.frame(payload))

    def funnel(self) -> Funnel:
        return self.counters.snapshot()[CAMERA]

    def reports(self) -> list[ThreatReport]:
        """What the outbox holds for delivery, oldest first."""
        reports = []
        while (entry := self.outbox.deliveries.next_due(self.clock.mono())) is not None:
            reports.append(entry.report)
        return reports


def test_what_a_frame_raises_is_durable_and_announced_before_the_next_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.look(picture(100))
    assert desk.kept.is_set()
    (report,) = desk.reports()
    assert (report.camera, report.label, report.model_sha256) == (CAMERA, "person", "a" * 64)
    assert (desk.funnel().analysed, desk.funnel().suspicions) == (1, 1)
    desk.outbox.close()
    assert desk.site.open().find(report.report_id) is not None


def test_a_still_scene_is_counted_quiet(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "camera_defaults: {kind: stream}")
    for seed in range(20):
        desk.look(picture(seed=seed))
        desk.clock.advance(0.5)
    funnel = desk.funnel()
    assert funnel.quiet > 10
    assert (funnel.in_flight, funnel.suspicions) == (0, 0)
    assert not desk.kept.is_set()


def test_a_frame_that_waited_too_long_is_refused_unseen(tmp_path: Path) -> None:
    eyes = FindsDarkThings()
    desk = Desk(tmp_path, "intake: {limits: {max_age_s: 2}}", eyes)
    desk.arrive(picture(100))
    desk.clock.advance(2.1)
    desk.worker.step()
    assert desk.funnel().rejected_by == {"stale": 1}
    assert eyes.calls == 0
    desk.arrive(picture(100))
    desk.clock.advance(1.9)
    desk.worker.step()
    assert desk.funnel().analysed == 1


def test_a_single_picture_is_evaluated_however_late(tmp_path: Path) -> None:
    desk = Desk(tmp_path, f"{SNAPSHOTS}\nintake: {{limits: {{max_age_s: 2}}}}")
    desk.arrive(picture(100))
    desk.clock.advance(200)
    desk.worker.step()
    assert desk.funnel().suspicions == 1


def held(desk: Desk, message: int, again: bool = False) -> list[int]:
    """Evaluates a picture that the broker holds; how many entries there were when it was let go."""
    let_go: list[int] = []

    def done() -> None:
        let_go.append(desk.outbox.depth().entries.get("pending", 0))

    kept = HeldMessage(digest="ab" * 32, message=message, again=again, acknowledge=done)
    desk.counters.count(CAMERA, "received")
    desk.mailbox.put(replace(desk.frame(picture(100)), held=kept))
    desk.worker.step()
    return let_go


HELD = f"""{SNAPSHOTS}
decide: {{deduplication: {{enabled: false}}, static_objects: {{enabled: false}}}}"""


def test_a_held_picture_is_let_go_once_what_it_raised_is_durable(tmp_path: Path) -> None:
    assert held(Desk(tmp_path, HELD), message=1) == [1]


def test_what_a_held_picture_raised_is_logged_under_the_id_that_it_is_reported_by(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, HELD)
    with recorded_events() as lines:
        held(desk, message=1)
    (raised,) = [line.fields["report_id"] for line in lines if line.event == "suspicion_raised"]
    assert [report.report_id for report in desk.reports()] == [raised]


def test_a_held_picture_that_comes_again_raises_nothing_twice(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HELD)
    held(desk, message=1)
    with recorded_events() as lines:
        assert held(desk, message=1, again=True) == [1]
    assert [line.event for line in lines if line.event.startswith("suspicion")] == [
        "suspicion_repeated"
    ]
    assert (desk.funnel().suspicions, desk.funnel().analysed) == (1, 2)


def test_a_held_picture_that_comes_again_and_had_raised_nothing_is_told(tmp_path: Path) -> None:
    assert held(Desk(tmp_path, HELD), message=1, again=True) == [1]


def test_the_same_picture_published_anew_is_another_alarm(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HELD)
    entries = [held(desk, message) for message in (1, 2, 1)]  # message ids come round
    assert entries == [[1], [2], [3]]
    assert held(desk, message=2, again=True) == [3]


def test_nothing_is_left_of_a_camera_that_is_forgotten(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.look(picture(100))
    desk.worker.forget(CAMERA)
    desk.worker.step()
    assert not desk.pipeline.follows(CAMERA)


def test_a_picture_whose_pixels_are_damaged_is_counted_with_its_reason(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    without_tables = picture(100).replace(b"\xff\xdb", b"\xff\xee")
    with recorded_events() as lines:
        desk.look(without_tables)
    assert (desk.funnel().rejected_by, desk.funnel().in_flight) == ({"undecodable": 1}, 0)
    assert [line.event for line in lines] == ["frame_rejected"]


def test_one_failure_of_the_interpreter_costs_its_frame_only(tmp_path: Path) -> None:
    desk = Desk(tmp_path, f"{SNAPSHOTS}\ndetect: {{errors_in_a_row: 2}}", Stumbles(True, False))
    for _ in range(2):
        desk.look(picture(100))
    assert desk.funnel().rejected_by == {"inference_failed": 1}
    assert len(desk.reports()) == 1


def test_failures_that_are_not_in_a_row_are_never_enough(tmp_path: Path) -> None:
    detector = Stumbles(*[True, True, False] * 4)
    desk = Desk(tmp_path, f"{SNAPSHOTS}\ndetect: {{errors_in_a_row: 3}}", detector)
    for n in range(12):
        desk.look(picture(100, seed=n))
    assert desk.funnel().rejected_by == {"inference_failed": 8}
    assert desk.funnel().analysed == 4


def test_so_many_failures_in_a_row_end_the_worker_with_every_frame_counted(tmp_path: Path) -> None:
    desk = Desk(tmp_path, f"{SNAPSHOTS}\ndetect: {{errors_in_a_row: 3}}", Stumbles(*[True] * 9))
    for _ in range(2):
        desk.look(picture(100))
    with pytest.raises(InferenceError, match="says no"):
        desk.look(picture(100))
    assert desk.funnel().rejected_by == {"inference_failed": 3}
    assert desk.funnel().in_flight == 0


def test_a_suspicion_that_finds_no_room_is_counted_and_said_as_lost(tmp_path: Path) -> None:
    rules = "decide: {rules: [{id: person, labels: [person], severity: 0}]}"
    desk = Desk(tmp_path, f"{SNAPSHOTS}\n{rules}", max_bytes=1_000_000)
    desk.outbox.put(bundle(1, severity=2, size=498_900))
    with recorded_events() as lines:
        desk.look(picture(100))
    assert (desk.funnel().suspicions, desk.funnel().lost) == (0, 1)
    assert not [line for line in lines if line.event == "suspicion_raised"]
    lost = next(line for line in lines if line.event == "suspicion_lost")
    assert "no room" in str(lost.fields["reason"])
    assert not desk.kept.is_set()
    assert desk.outbox.depth().entries == {"pending": 1}


def test_new_terms_hold_from_the_next_frame_on_and_reports_name_them(tmp_path: Path) -> None:
    blind = FindsDarkThings(label="dog")
    desk = Desk(tmp_path, SNAPSHOTS, blind)
    desk.look(picture(100))
    changed = settings(f"{SNAPSHOTS}\nruntime: {{stats_s: 7}}", FindsDarkThings(), model="b")
    desk.worker.adopt(changed)
    desk.look(picture(100))
    assert blind.calls == 1
    (report,) = desk.reports()
    assert report.model_sha256 == "b" * 64
    assert report.config_sha256 == changed.origin.config_sha256


def test_of_two_changes_between_two_frames_the_later_holds_whole(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SNAPSHOTS, FindsDarkThings(label="dog"))
    desk.look(picture(100))
    desk.worker.adopt(settings(SNAPSHOTS, FindsDarkThings(label="cat"), model="b"))
    desk.worker.adopt(settings("camera_defaults: {kind: stream}", FindsDarkThings(), model="c"))
    desk.look(picture(100))
    assert desk.reports() == []
    desk.worker.adopt(settings(SNAPSHOTS, FindsDarkThings(), model="d"))
    desk.look(picture(100))
    assert [report.model_sha256 for report in desk.reports()] == ["d" * 64]


class Interrupted(Mailbox):
    """A mailbox during whose wait something happens, before the frame comes."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], None]] = []

    def take(self, timeout_s: float) -> Frame | None:
        for act in self.meanwhile:
            act()
        return super().take(timeout_s)


def test_a_change_during_the_wait_for_a_frame_holds_for_that_frame(tmp_path: Path) -> None:
    mailbox = Interrupted()
    desk = Desk(tmp_path, SNAPSHOTS, FindsDarkThings(label="dog"), mailbox)
    changed = settings(SNAPSHOTS, FindsDarkThings(), model="b")
    mailbox.meanwhile.append(lambda: desk.worker.adopt(changed))
    desk.look(picture(100))
    assert [report.model_sha256 for report in desk.reports()] == ["b" * 64]


def test_a_picture_that_stands_alone_is_evaluated_once_nothing_follows_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "camera_defaults: {kind: auto, snapshot_after_s: 5}")
    desk.look(picture(100))
    assert desk.reports() == []
    desk.clock.advance(5)
    desk.mailbox.close()
    desk.worker.step()
    assert len(desk.reports()) == 1


def test_at_the_end_what_still_waited_to_stand_alone_is_evaluated(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "camera_defaults: {kind: auto, snapshot_after_s: 60}")
    desk.look(picture(100))
    desk.clock.advance(1)
    desk.worker.finish()
    (report,) = desk.reports()
    assert report.raised_at == desk.clock.now()
    assert desk.funnel().suspicions == 1


def test_the_time_of_each_frame_is_observed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for _ in range(3):
        desk.look(picture(100))
    registry = CollectorRegistry()
    desk.timings.register(registry)
    assert registry.get_sample_value("stillwatch_analysis_seconds_count") == 3


STREAM = f"cameras: {{{CAMERA}: {{kind: stream}}}}"


class Walk:
    """A walker in a stream, up to the first suspicion and on."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder, STREAM)
        self.steps = 0
        while (found := self._report()) is None:
            self.step()
            assert self.steps < 60
        self.report = found

    def _report(self) -> ThreatReport | None:
        entry = self.desk.outbox.deliveries.next_due(self.desk.clock.mono())
        return entry.report if entry else None

    def step(self) -> None:
        """One frame later: first the empty yard, then the walker."""
        self.desk.clock.advance(0.2)
        at = max(0, self.steps - 20)
        self.desk.look(picture(20 + 6 * at if at else None, seed=self.steps))
        self.steps += 1

    def ask(self, requests_left: int = 1) -> None:
        self.desk.evidence_requests.ask(
            EvidenceRequest(
                report_id=self.report.report_id,
                gateway=self.report.gateway,
                camera=CAMERA,
                asked_at=self.desk.clock.now(),
                requests_left=requests_left,
            )
        )

    def now(self) -> ThreatReport:
        entry = self.desk.outbox.find(self.report.report_id)
        assert entry is not None
        return entry.report


def test_asked_for_more_a_newer_picture_of_the_same_thing_is_sent(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    assert walk.report.requests_left == 2
    walk.ask(2)
    for _ in range(4):
        walk.step()
    answer = walk.now()
    assert (answer.report_id, answer.requests_left) == (walk.report.report_id, 1)
    assert answer.evidence[:-1] == walk.report.evidence
    assert answer.evidence[-1].role == "crop"
    assert answer.evidence[-1].received_at > walk.report.evidence[-1].received_at
    entry = walk.desk.outbox.deliveries.next_due(walk.desk.clock.mono())
    assert entry is not None, "it is due at once"
    assert entry.state == "pending"
    pictures = walk.desk.outbox.pictures(entry)
    assert pictures is not None
    assert pictures[-1].key == answer.evidence[-1].key


def test_a_question_asked_twice_or_too_late_is_answered_once(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.ask(2)
    for _ in range(4):
        walk.step()
    answer = walk.now()
    assert answer.requests_left == 1
    walk.ask(2)
    for _ in range(4):
        walk.step()
    assert walk.now() == answer


def test_where_nothing_more_can_be_seen_the_cloud_is_told_to_decide(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.ask(2)
    walk.desk.clock.advance(PATIENCE_S + 1)
    walk.desk.look(picture(seed=99))
    assert (walk.now().requests_left, walk.now().evidence) == (0, walk.report.evidence)
