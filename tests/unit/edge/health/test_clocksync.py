"""The wall clock is trusted when the kernel says so and it stands behind no floor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edge.health.clocksync import WRITTEN_AT, ClockSync, kernel_synchronised
from tests.fakes import ManualClock

TODAY = WRITTEN_AT + timedelta(days=100)


@pytest.mark.parametrize(
    ("kernel", "now", "trusted"),
    [
        (True, TODAY, True),
        (None, TODAY, True),
        (False, TODAY, False),
        (True, datetime(1970, 1, 1, tzinfo=UTC), False),
        (True, datetime(2020, 1, 1, tzinfo=UTC), False),
        (None, WRITTEN_AT - timedelta(days=1), False),
    ],
)
def test_the_kernel_and_a_floor_decide(kernel: bool | None, now: datetime, trusted: bool) -> None:
    assert ClockSync(ManualClock(now), lambda: kernel, floor=WRITTEN_AT)() is trusted


def test_a_time_once_trusted_is_a_floor_but_for_small_corrections() -> None:
    clock = ManualClock(TODAY)
    sync = ClockSync(clock, lambda: None, floor=WRITTEN_AT)
    assert sync()
    clock.jump(-60.0)
    assert sync()
    clock.jump(-30 * 86_400.0)
    assert not sync()
    clock.jump(31 * 86_400.0)
    assert sync()


def test_what_an_earlier_start_trusted_counts() -> None:
    assert not ClockSync(ManualClock(TODAY), lambda: True, floor=TODAY + timedelta(days=2))()


def test_this_machines_kernel_answers() -> None:
    assert kernel_synchronised() in {True, False, None}
