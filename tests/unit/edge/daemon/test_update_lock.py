"""balena's update lock: ours alone, short, and never left behind."""

import fcntl
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from edge.daemon.update_lock import UpdateUnderWay, clear_stale, updates_held

FORK = multiprocessing.get_context("fork")
NO_ONE = 65534
"""balena's supervisor takes the lock as this user."""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "updates.lock"


@contextmanager
def flocked(file: Path) -> Iterator[None]:
    """As the host's updater holds it, on a description of its own."""
    with file.open("rb") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def test_while_it_is_held_the_file_exists_and_cannot_be_flocked(lock: Path) -> None:
    with updates_held(lock):
        assert lock.exists()
        with pytest.raises(BlockingIOError), flocked(lock):
            pass
    assert list(lock.parent.iterdir()) == []


def test_an_error_inside_releases_it(lock: Path) -> None:
    with pytest.raises(ZeroDivisionError), updates_held(lock):
        _ = 1 / 0
    assert not lock.exists()


def test_when_balena_holds_it_nothing_begins_and_its_file_stays(lock: Path) -> None:
    lock.touch()
    if os.geteuid() == 0:
        os.chown(lock, NO_ONE, NO_ONE)
    with pytest.raises(UpdateUnderWay, match="under way"), updates_held(lock):
        pytest.fail("the section ran")
    assert not clear_stale(lock)
    assert lock.exists()


def test_where_there_is_no_balena_nothing_is_held_back(tmp_path: Path) -> None:
    missing = tmp_path / "balena" / "updates.lock"
    with updates_held(missing):
        assert not missing.parent.exists()


def test_two_of_us_cannot_hold_it_at_once(lock: Path) -> None:
    with updates_held(lock):
        with pytest.raises(UpdateUnderWay), updates_held(lock):
            pytest.fail("the section ran")
        assert lock.exists()
        assert not clear_stale(lock)


def hold_for_ever(lock: Path, holding: Connection) -> None:
    with updates_held(lock):
        holding.send(True)
        holding.recv()


def killed_holder(lock: Path) -> None:
    """A process takes the lock and is killed with it."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=hold_for_ever, args=(lock, theirs), daemon=True)
    process.start()
    theirs.close()
    assert ours.recv()
    process.kill()
    process.join()
    assert lock.exists()


def test_the_next_start_clears_the_lock_of_a_killed_process(lock: Path) -> None:
    killed_holder(lock)
    assert clear_stale(lock)
    assert not lock.exists()
    assert not clear_stale(lock)


def test_a_killed_process_keeps_nobody_from_taking_it(lock: Path) -> None:
    killed_holder(lock)
    with updates_held(lock):
        assert lock.exists()
    assert not lock.exists()


def test_a_lock_that_was_taken_over_by_force_is_not_removed(lock: Path) -> None:
    with updates_held(lock):
        lock.unlink()
        lock.write_text("balena's")
    assert lock.read_text() == "balena's"


def takes_and_releases(lock: Path, told: Connection) -> None:
    told.send(True)
    while True:
        with updates_held(lock):
            pass


def test_killed_at_any_point_it_leaves_nothing_that_the_next_start_cannot_clear(
    lock: Path,
) -> None:
    for _ in range(20):
        ours, theirs = FORK.Pipe()
        process = FORK.Process(target=takes_and_releases, args=(lock, theirs), daemon=True)
        process.start()
        assert ours.recv()
        process.kill()
        process.join()
        clear_stale(lock)
        assert not lock.exists()
