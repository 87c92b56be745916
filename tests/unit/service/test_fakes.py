"""The manual clock and the system's: they must keep the same promises."""

import threading
from datetime import UTC

from service.clock import SystemClock
from tests.fakes import START, ManualClock


def test_the_system_clock_is_aware_and_its_durations_do_not_run_backwards() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo == UTC
    assert clock.mono() <= clock.mono()


def test_the_system_clock_waits_for_an_event_or_the_time() -> None:
    event = threading.Event()
    assert not SystemClock().wait(event, -1)
    event.set()
    assert SystemClock().wait(event, 60)


def test_a_lone_wait_moves_manual_time() -> None:
    clock = ManualClock()
    assert not clock.wait(threading.Event(), 5)
    assert (clock.mono(), clock.waits) == (1005.0, [5])
    assert (clock.now() - START).total_seconds() == 5


def test_a_jump_changes_the_wall_clock_only() -> None:
    clock = ManualClock()
    clock.jump(-3600)
    assert clock.mono() == 1000.0
    assert (clock.now() - START).total_seconds() == -3600


def test_a_held_wait_ends_when_the_test_advances_far_enough() -> None:
    clock = ManualClock(held=True)
    over = threading.Event()

    def wait() -> None:
        clock.wait(threading.Event(), 5)
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    clock.advance(4.9)
    assert not over.is_set()
    clock.advance(0.2)
    while not over.wait(0.01):
        clock.advance(5)
