"""What is remembered of the last self-test, over restarts and damage."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from edge.health.reasons import HealthReason
from edge.self_test.journey import PassedHop, SelfTestOutcome
from edge.self_test.record import FILE, Record, SelfTestCollector
from tests.fakes import ManualClock

AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
PASSED = SelfTestOutcome(
    report_id=None,
    began_at=AT,
    took_s=1.5,
    steps=(PassedHop(hop="answered", after_s=1.25), PassedHop(hop="decided", worker_s=0.5)),
)
FAILED = SelfTestOutcome(
    report_id=None, began_at=AT, took_s=60.0, steps=(), failed="stored", why="503 Slow Down"
)


def reasons(record: Record, every_s: float | None = None) -> list[tuple[HealthReason, str]]:
    return [(one.reason, one.detail) for one in record.problems(every_s)]


def test_a_failure_is_named_until_one_passes_also_after_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    record = Record(tmp_path, clock)
    assert (record.as_json(), reasons(record)) == (None, [])
    record.keep(FAILED)
    named = [(HealthReason.SELF_TEST_FAILED, "2026-11-27T12:00:00Z, stored: 503 Slow Down")]
    assert reasons(record) == named
    again = Record(tmp_path, clock)
    assert reasons(again) == named
    again.keep(PASSED)
    assert reasons(again) == reasons(Record(tmp_path, clock)) == []


def test_none_that_passed_for_two_intervals_is_overdue(tmp_path: Path) -> None:
    clock = ManualClock()
    record = Record(tmp_path, clock)
    clock.advance(7200)
    clock.jump(1e9)
    assert reasons(record, 3600) == reasons(record, None) == []
    clock.advance(1)
    assert [reason for reason, _ in reasons(record, 3600)] == [HealthReason.SELF_TEST_OVERDUE]
    record.keep(PASSED)
    assert reasons(record, 3600) == []


@pytest.mark.parametrize("kept", [b"", b"{}", b"[]", b"\xff\x00", b'{"passed": true}', b'"x"'])
def test_a_damaged_file_counts_for_nothing(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / FILE).write_bytes(kept)
    record = Record(tmp_path, ManualClock())
    assert (record.last, reasons(record)) == (None, [])
    record.keep(PASSED)
    last = Record(tmp_path, ManualClock()).last
    assert last is not None
    assert last.passed


def test_a_folder_where_the_file_should_be_keeps_nobody_from_testing(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    record = Record(tmp_path, ManualClock())
    record.keep(FAILED)
    assert [reason for reason, _ in reasons(record)] == [HealthReason.SELF_TEST_FAILED]


def test_prometheus_has_results_and_the_times_of_hops(tmp_path: Path) -> None:
    record, registry = Record(tmp_path, ManualClock()), CollectorRegistry()
    registry.register(SelfTestCollector(record))
    assert registry.get_sample_value("stillwatch_self_test_passed") is None
    record.keep(FAILED)
    record.keep(PASSED)
    value = registry.get_sample_value
    assert value("stillwatch_self_tests_total", {"result": "failed"}) == 1
    assert value("stillwatch_self_tests_total", {"result": "passed"}) == 1
    assert value("stillwatch_self_test_passed") == 1
    assert value("stillwatch_self_test_timestamp_seconds") == AT.timestamp()
    assert value("stillwatch_self_test_hop_seconds", {"hop": "answered", "of": ""}) == 1.25
