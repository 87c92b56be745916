"""The worker: repeats, beats, stops when asked, and does not die unheard."""

import threading

from edge.daemon.worker import Worker
from tests.fakes import ManualClock, recorded_events

PATIENCE_S = 10.0


def fail(error: Exception) -> None:
    raise AssertionError(f"the worker failed: {error}")


def test_a_step_is_repeated_until_the_worker_is_asked_to_stop() -> None:
    steps: list[int] = []
    enough = threading.Event()

    def step() -> None:
        steps.append(1)
        if len(steps) >= 3:
            enough.set()
            worker.stopping.wait(PATIENCE_S)

    worker = Worker("w", step, clock=ManualClock(), on_failure=fail)
    worker.start()
    assert enough.wait(PATIENCE_S)
    worker.ask_to_stop()
    assert worker.join(PATIENCE_S)
    assert len(steps) == 3


def test_every_step_that_ends_is_a_beat_and_one_that_hangs_is_none() -> None:
    clock = ManualClock()
    turns = threading.Semaphore(0)
    done = threading.Semaphore(0)

    def step() -> None:
        done.release()
        turns.acquire(timeout=PATIENCE_S)

    worker = Worker("w", step, clock=clock, on_failure=fail)
    worker.start()
    assert done.acquire(timeout=PATIENCE_S)
    clock.advance(5)
    assert worker.beat_at_s == 1000.0
    turns.release()
    assert done.acquire(timeout=PATIENCE_S)
    assert worker.beat_at_s == 1005.0
    worker.ask_to_stop()
    turns.release()
    assert worker.join(PATIENCE_S)


def test_an_unexpected_error_is_logged_and_handed_on_and_the_thread_ends() -> None:
    met: list[Exception] = []

    def step() -> None:
        raise KeyError("missing")

    with recorded_events() as lines:
        worker = Worker("w", step, clock=ManualClock(), on_failure=met.append)
        worker.start()
        assert worker.join(PATIENCE_S)
    assert [type(error) for error in met] == [KeyError]
    assert [(line.event, line.fields["worker"]) for line in lines] == [("worker_failed", "w")]


def test_joining_a_worker_that_hangs_gives_up_and_one_that_never_began_is_over() -> None:
    hang = threading.Event()
    worker = Worker("w", lambda: hang.wait(PATIENCE_S), clock=ManualClock(), on_failure=fail)
    assert worker.join(0)
    worker.start()
    worker.ask_to_stop()
    assert not worker.join(0)
    hang.set()
    assert worker.join(PATIENCE_S)
