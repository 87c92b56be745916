"""Static objects outlive a restart, are forgotten by command while the daemon runs, and learn."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contract.ids import CameraId, ReportId
from contract.operator_action import OutcomeCode
from contract.operator_outcome import OperatorOutcome
from contract.verdict import Decision
from edge.config.schema import StaticObjectsConfig
from edge.static_objects.database import FILE
from edge.static_objects.listing import forget, listed
from edge.static_objects.memory import update_memory
from edge.static_objects.records import Memory
from edge.static_objects.store import LOOK_S, SAVE_S, StaticStore
from edge.static_objects.verdict_feedback import add_query
from service.events import Event
from tests.fakes import START, ManualClock, recorded_events
from tests.unit.edge.deliver.bundles import CAMERA, GATEWAY, name, verdict
from tests.unit.edge.rules.yards import PLACE, frame, observed, yard
from tests.unit.edge.static_objects.static_rims import OTHER, Rim, parked


def test_what_stands_there_is_known_after_a_restart(tmp_path: Path) -> None:
    rim, memory = Rim(tmp_path), parked()
    rim.sync(memory)
    rim.restart()
    recalled = rim.store.load(CAMERA)
    (before,), (after,) = memory.objects, recalled.objects
    assert np.array_equal(after.appearances[0].field, before.appearances[0].field)
    assert replace(after, appearances=(), since_s=0.0) == replace(
        before, appearances=(), since_s=0.0
    )
    assert recalled.next_number > int(after.id)
    _, (match,) = update_memory(
        recalled, [observed()], frame(yard((1, PLACE)), 9), StaticObjectsConfig()
    )
    assert match is not None
    assert rim.store.load(OTHER) == Memory()


def test_what_is_only_watched_is_not_kept(tmp_path: Path) -> None:
    rim = Rim(tmp_path)
    memory, _ = update_memory(
        Memory(), [observed()], frame(yard((1, PLACE)), 0), StaticObjectsConfig()
    )
    rim.sync(memory)
    assert listed(tmp_path) == ()


def test_a_thing_forgotten_by_command_is_forgotten_by_the_daemon(tmp_path: Path) -> None:
    rim = Rim(tmp_path)
    memory, elsewhere = rim.sync(parked()), rim.sync(parked(2), OTHER)
    (one,) = listed(tmp_path, CAMERA)
    assert one.id == f"{CAMERA}/{one.static_object.id}"
    with recorded_events() as lines:
        assert forget(tmp_path, camera=CAMERA, id_=one.static_object.id) == 1
        memory = rim.sync(memory)
    assert [line.event for line in lines] == [Event.STATIC_FORGOTTEN]
    assert memory.objects == ()
    assert rim.sync(elsewhere, OTHER).objects != ()
    assert [one.camera for one in listed(tmp_path)] == [OTHER]


def test_a_thing_forgotten_just_before_the_daemon_writes_stays_forgotten(tmp_path: Path) -> None:
    rim = Rim(tmp_path)
    memory = rim.sync(parked())
    assert forget(tmp_path) == 1
    rim.clock.advance(SAVE_S)
    memory = rim.sync(memory)
    assert memory.objects == ()
    assert listed(tmp_path) == ()


@pytest.mark.parametrize(("decision", "refuted"), [("refuted", 1), ("confirmed", 0)])
def test_an_answer_is_taken_up_even_if_it_came_over_a_restart(
    tmp_path: Path, decision: Decision, refuted: int
) -> None:
    rim = Rim(tmp_path)
    report = ReportId(name(0))
    tap = observed(label="person")
    rim.sync(add_query(Memory(), report, "person", tap, frame(yard((1, PLACE)), 0)))
    rim.store.add_verdict(verdict(0, decision))
    rim.restart()
    memory = rim.sync(rim.store.load(CAMERA))
    assert [one.report_id for one in memory.queries] == [report] * (1 - refuted)
    assert [obj.refuted for obj in memory.objects] == [1] * refuted
    assert [one.static_object.refuted for one in listed(tmp_path)] == [1] * refuted


@pytest.mark.parametrize(("code", "refuted"), [("false", 1), ("real", 0), ("unclear", 0)])
def test_what_the_cloud_confirmed_and_a_person_calls_false_is_remembered_over_a_restart(
    tmp_path: Path, code: OutcomeCode, refuted: int
) -> None:
    rim = Rim(tmp_path)
    tap = observed(label="person")
    asked = add_query(Memory(), ReportId(name(0)), "person", tap, frame(yard((1, PLACE)), 0))
    rim.sync(asked)
    rim.store.add_verdict(verdict(0, "confirmed"))
    rim.clock.advance(LOOK_S)
    memory = rim.sync(rim.store.load(CAMERA))
    assert memory.objects == ()
    rim.restart()
    said = OperatorOutcome(
        report_id=name(0), gateway=GATEWAY, camera=CAMERA, outcome=code, said_at=START
    )
    for _ in range(2):
        rim.store.add_outcome(said)
        rim.clock.advance(LOOK_S)
        memory = rim.sync(rim.store.load(CAMERA))
    assert [obj.refuted for obj in memory.objects] == [1] * refuted


@pytest.mark.parametrize("looks_between", [True, False])
def test_a_false_mark_that_is_corrected_to_real_is_undone_over_a_restart(
    tmp_path: Path, looks_between: bool
) -> None:
    rim = Rim(tmp_path)
    tap = observed(label="person")
    rim.sync(add_query(Memory(), ReportId(name(0)), "person", tap, frame(yard((1, PLACE)), 0)))
    said = OperatorOutcome(
        report_id=name(0), gateway=GATEWAY, camera=CAMERA, outcome="false", said_at=START
    )
    rim.store.add_outcome(said)
    if looks_between:
        rim.clock.advance(LOOK_S)
        assert len(rim.sync(rim.store.load(CAMERA)).objects) == 1
        assert len(listed(tmp_path)) == 1
    rim.store.add_outcome(said.model_copy(update={"outcome": "real"}))
    rim.restart()
    assert rim.sync(rim.store.load(CAMERA)).objects == ()
    assert listed(tmp_path) == ()


def test_a_file_of_the_version_before_keeps_its_objects(tmp_path: Path) -> None:
    rim = Rim(tmp_path)
    memory = rim.sync(parked())
    rim.store.close()
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE objects DROP COLUMN refuted_reports")
        connection.execute("PRAGMA user_version = 1")
    rim.restart()
    (kept,) = rim.store.load(CAMERA).objects
    assert kept.id == memory.objects[0].id
    assert not (tmp_path / f"{FILE}.corrupt-1").exists()


def test_counts_are_written_seldom_and_what_is_new_at_once(tmp_path: Path) -> None:
    rim = Rim(tmp_path)
    memory = rim.sync(parked())
    (obj,) = memory.objects
    memory = rim.sync(replace(memory, objects=(replace(obj, hits=999),)))
    assert listed(tmp_path)[0].static_object.hits == obj.hits
    rim.clock.advance(SAVE_S)
    rim.sync(memory)
    assert listed(tmp_path)[0].static_object.hits == 999
    rim.sync(replace(memory, objects=(replace(obj, reported_by=("vehicle",)),)))
    assert listed(tmp_path)[0].static_object.reported_by == ("vehicle",)


def test_nothing_is_held_of_a_thousand_strangers_that_left(tmp_path: Path) -> None:
    store = StaticStore(tmp_path, ManualClock())

    def come_and_go(first: int) -> int:
        for number in range(first, first + 1000):
            stranger = CameraId(f"s{number}")
            store.sync(stranger, Memory())
            store.forget_camera(stranger)
        gc.collect()
        return len(gc.get_objects())

    warm = come_and_go(0)
    assert come_and_go(1000) - warm < 500
