"""The analysis worker: each frame is counted once, what it raises is kept before the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from edge.errors import InferenceError
from edge.intake.mailbox import Mailbox
from edge.records import Frame
from imaging.detections import Detections, Image
from tests.fakes import recorded_events
from tests.unit.edge.daemon.desk import CAMERA, SNAPSHOTS, Desk, settings
from tests.unit.edge.deliver.bundles import bundle
from tests.unit.edge.scenes import FindsDarkThings, picture


class Stumbles:
    """A detector whose interpreter fails as often as it is told, then sees."""

    def __init__(self, *failing: bool) -> None:
        self._failing = list(failing)
        self._sees = FindsDarkThings()
        self.meanwhile: Callable[[], None] = lambda: None

    @property
    def input_size(self) -> tuple[int, int]:
        return self._sees.input_size

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:
        self.meanwhile()
        if self._failing and self._failing.pop(0):
            raise InferenceError("the interpreter says no")
        return self._sees.detect(image, aspect)


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


THREE = f"{SNAPSHOTS}\ndetect: {{errors_in_a_row: 3}}"


def test_while_an_update_is_on_trial_failures_end_nothing_and_say_that_it_must_go(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, THREE, Stumbles(*[True] * 9))
    desk.on_trial = True
    for _ in range(2):
        desk.look(picture(100))
    assert desk.worker.failing is None
    for _ in range(2):
        desk.look(picture(100))
    assert desk.worker.failing == "the network failed on 4 frames in a row"
    desk.on_trial = False
    with pytest.raises(InferenceError, match="says no"):
        desk.look(picture(100))


def test_the_last_failure_of_a_network_whose_successor_stands_ready_ends_nothing(
    tmp_path: Path,
) -> None:
    detector = Stumbles(*[True] * 9)
    desk = Desk(tmp_path, THREE, detector)
    for _ in range(2):
        desk.look(picture(100))
    successor = settings(THREE, FindsDarkThings())
    detector.meanwhile = lambda: desk.worker.adopt(successor)
    desk.look(picture(100))  # the third, during which the other is offered
    assert desk.funnel().rejected_by == {"inference_failed": 3}
    assert desk.worker.failing is None
    desk.look(picture(100))
    assert desk.funnel().analysed == 1


def test_failures_of_the_network_before_are_not_counted_against_the_next(tmp_path: Path) -> None:
    desk = Desk(tmp_path, THREE, Stumbles(True, True))
    for _ in range(2):
        desk.look(picture(100))
    desk.worker.adopt(settings(THREE, Stumbles(True, True)))
    for _ in range(3):
        desk.look(picture(100))
    assert (desk.funnel().rejected_by, desk.funnel().analysed) == ({"inference_failed": 4}, 1)


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
