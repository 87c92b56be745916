"""Servers that are killed and take their place again: the same address, data and secret."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from tests import servers
from tests.processes import lasting_port


class _Serves(Protocol):
    @property
    def process(self) -> subprocess.Popen[bytes]: ...


T = TypeVar("T", bound=_Serves)


class Seat(Generic[T]):
    """The place of one server, which may stand empty for a while."""

    def __init__(self, start: Callable[[T | None], AbstractContextManager[T]]) -> None:
        """`start` is given the former server, whose place the next one takes."""
        self._start = start
        self._stack = ExitStack()
        self.now: T = self._stack.enter_context(start(None))

    def kill(self) -> None:
        """As `kill -9` does."""
        self.now.process.kill()
        self.now.process.wait()
        self._stack.close()

    def start(self) -> None:
        """Serves again, once this returns."""
        self.now = self._stack.enter_context(self._start(self.now))

    def hang(self) -> None:
        """Accepts and never answers, until `go_on`."""
        self.now.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.now.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.go_on()
        self._stack.close()


@contextmanager
def broker_seat(
    folder: Path, *, persistence: bool, config: str = ""
) -> Iterator[Seat[servers.Broker]]:
    """A Mosquitto of its own in `folder`."""
    folder.mkdir()
    port = lasting_port()
    seat: Seat[servers.Broker] = Seat(
        lambda _: servers.mosquitto(folder, persistence=persistence, port=port, config=config)
    )
    try:
        yield seat
    finally:
        seat.close()


@contextmanager
def store_seat(folder: Path) -> Iterator[Seat[servers.S3]]:
    """A SeaweedFS of its own in `folder`."""
    folder.mkdir()
    seat: Seat[servers.S3] = Seat(lambda former: servers.seaweedfs(folder, former))
    try:
        yield seat
    finally:
        seat.close()
