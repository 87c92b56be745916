"""systemd's notify protocol over a real datagram socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.notify import SystemdNotifier
from tests.fakes import ManualClock, recorded_events

pytest.importorskip("systemd.daemon", reason="pip install systemd-python")


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        listening.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield listening


def test_a_life_is_told_in_order(supervisor: socket.socket) -> None:
    notifier = SystemdNotifier(clock=ManualClock(mono_s=12.5))
    notifier.ready()
    notifier.status("3 cameras\nup")
    notifier.status("3 cameras up")
    notifier.alive()
    notifier.reloading()
    notifier.stopping()
    told = [supervisor.recv(4096) for _ in range(5)]
    assert told == [
        b"READY=1",
        b"STATUS=3 cameras up",
        b"WATCHDOG=1",
        b"RELOADING=1\nMONOTONIC_USEC=12500000",
        b"STOPPING=1",
    ]


def test_a_supervisor_that_is_gone_is_said_once(supervisor: socket.socket, tmp_path: Path) -> None:
    notifier = SystemdNotifier()
    supervisor.close()
    (tmp_path / "notify").unlink()
    with recorded_events() as lines:
        notifier.ready()
        notifier.ready()
    assert [line.event for line in lines] == ["notify_skipped"]


def test_a_missing_package_is_said_once_and_does_no_harm(supervisor: socket.socket) -> None:
    with recorded_events() as lines:
        notifier = SystemdNotifier(systemd=None)
        notifier.ready()
        notifier.alive()
    assert [line.event for line in lines] == ["notify_skipped"]
    assert supervisor.fileno() >= 0


def test_without_a_socket_nothing_is_sent_and_nothing_said() -> None:
    with recorded_events() as lines:
        SystemdNotifier(environ={}).ready()
    assert lines == []


@pytest.mark.parametrize(
    ("environ", "interval_s"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_interval_is_the_supervisors(
    environ: dict[str, str], interval_s: float | None
) -> None:
    assert SystemdNotifier(environ=environ).watchdog_interval_s == interval_s
