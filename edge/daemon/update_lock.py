"""balena's update lock: while we hold it, no update stops this container.

SHELL. The file's existence holds back updates of the containers, the flock on it those of the host;
balena takes the same lock before it stops us. Laws: created exclusively; removed only by its
holder, or by our next start after a kill; balena's folder is never touched. On a balena device the
daemon holds updates off while it takes up a configuration. Called by the subcommand `run`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from typing_extensions import override

from edge.daemon.daemon import Daemon
from service.events import Event, log
from service.variables import on_balena

LOCK = Path("/tmp/balena/updates.lock")  # noqa: S108, balena's place for it
_MARK = b"stillwatch-edge\n"


class UpdateUnderWay(Exception):
    """Somebody else holds the lock: most likely balena, about to stop this container."""


@contextmanager
def updates_held(lock: Path = LOCK) -> Iterator[None]:
    """balena stops nothing meanwhile; raises `UpdateUnderWay` if it is about to.

    The file's existence holds back updates of the containers, the flock on it those of the host.
    Where balena's folder is missing there is nothing to hold back. Keep what is inside short: an
    end of the process leaves the file behind, for `clear_stale` at the next start.
    """
    descriptor = _take(lock)
    try:
        yield
    finally:
        if descriptor is not None:
            _release(lock, descriptor)


def clear_stale(lock: Path = LOCK) -> bool:
    """Removes the lock of a predecessor that was killed; anybody else's stays."""
    descriptor = _adopt(lock)
    if descriptor is not None:
        _release(lock, descriptor)
    return descriptor is not None


def _take(lock: Path) -> int | None:
    """A flocked descriptor of the new file; None where balena has no folder for it."""
    try:
        return _create(lock)
    except FileExistsError:
        adopted = _adopt(lock)
    except OSError:
        return None
    if adopted is None:
        raise UpdateUnderWay(
            f"{lock} is taken, an update of this device is under way; "
            "the configuration is read again at the start that follows"
        )
    return adopted


def _create(lock: Path) -> int:
    """Appears marked and flocked, or not at all, so that a kill leaves nothing nameless behind.

    Linking is as exclusive as O_EXCL; raises `FileExistsError` if somebody has the lock.
    """
    own = lock.with_name(f".stillwatch-edge.{os.getpid()}")
    own.unlink(missing_ok=True)
    descriptor = os.open(own, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, _MARK)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.link(own, lock)
    except BaseException:
        os.close(descriptor)
        raise
    finally:
        own.unlink()
    return descriptor


def _adopt(lock: Path) -> int | None:
    """The file, if it is ours by its mark and no living process holds it."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = os.read(descriptor, len(_MARK)) == _MARK
    except OSError:
        ours = False
    if not ours:
        os.close(descriptor)
        return None
    return descriptor


def _release(lock: Path, descriptor: int) -> None:
    """Removes the file if it is still the one that we hold, then lets go of it."""
    with suppress(OSError):
        if os.path.samestat(os.fstat(descriptor), lock.stat()):
            lock.unlink()
    os.close(descriptor)


class BalenaDaemon(Daemon):
    """A daemon that no update interrupts while it takes up a configuration."""

    @override
    def _take_up_file(self) -> None:
        try:
            with updates_held():
                super()._take_up_file()
        except UpdateUnderWay as error:
            log(Event.CONFIG_REFUSED, reasons=[str(error)])

    @override
    def _update(self) -> None:
        """An order waits for as long as balena is about to stop us; it is retained."""
        if not self.gateway.updates.inbox.waits:
            super()._update()
            return
        with suppress(UpdateUnderWay), updates_held():
            super()._update()


def daemon_class(environ: Mapping[str, str]) -> type[Daemon]:
    """The daemon for where we are; on balena a lock that we left behind is cleared."""
    if not on_balena(environ):
        return Daemon
    clear_stale()
    return BalenaDaemon
