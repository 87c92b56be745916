"""Feeding the watchdogs: only while everyone is on time; and the switch really fires."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.daemon.heartbeat import Pulse
from edge.daemon.watchdog import DeadMan, Watchdog
from service.notify import SystemdNotifier
from tests.fakes import ManualClock, recorded_events

LONG_S = 3600.0

HUNG = """
import threading
from edge.daemon.watchdog import DeadMan
DeadMan(0.2).rearm()
def a_step_that_hangs():
    threading.Event().wait()
a_step_that_hangs()
"""


class Bench:
    """A watchdog over one worker, by hand."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        self.clock = ManualClock()
        self.beat_at_s = self.clock.mono()
        self.watchdog = Watchdog(
            lambda: [Pulse(worker="w", beat_at_s=self.beat_at_s, patience_s=30)],
            heartbeat_s=30,
            clock=self.clock,
            notifier=SystemdNotifier(environ=environ or {}, clock=self.clock),
            dead_man=DeadMan(LONG_S),
        )
        self.watchdog.start()


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    pytest.importorskip("systemd.daemon", reason="pip install systemd-python")
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield listening


def feeds(supervisor: socket.socket) -> int:
    count = 0
    while True:
        try:
            count += supervisor.recv(4096) == b"WATCHDOG=1"
        except BlockingIOError:
            return count


def test_feeding_follows_progress_and_is_not_done_more_often_than_needed(
    supervisor: socket.socket,
) -> None:
    bench = Bench({"NOTIFY_SOCKET": "set", "WATCHDOG_USEC": "9000000"})
    assert bench.watchdog.interval_s == 3.0
    assert feeds(supervisor) == 1
    for _ in range(12):
        bench.clock.advance(0.5)
        bench.beat_at_s = bench.clock.mono()
        assert bench.watchdog.check() == ()
    assert feeds(supervisor) == 2
    bench.watchdog.end()


def test_a_late_worker_starves_the_watchdog_and_is_named(supervisor: socket.socket) -> None:
    with recorded_events() as lines:
        bench = Bench({"NOTIFY_SOCKET": "set"})
        feeds(supervisor)
        bench.clock.advance(31)
        assert [one.worker for one in bench.watchdog.check()] == ["w"]
        assert feeds(supervisor) == 0
        bench.beat_at_s = bench.clock.mono()
        assert bench.watchdog.check() == ()
        assert feeds(supervisor) == 1
    bench.watchdog.end()
    stalled = [line.fields for line in lines if line.event == "worker_stalled"]
    assert stalled == [{"worker": "w", "silent_s": 31.0}]


def test_the_interval_follows_the_shortest_of_all_patiences() -> None:
    assert Bench().watchdog.interval_s == 10.0


def test_the_dead_mans_switch_ends_a_hung_process_and_says_where_it_hung() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HUNG], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "a_step_that_hangs" in done.stderr
