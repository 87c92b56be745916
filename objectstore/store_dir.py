"""A directory as object store, on a local disk or a network mount with hard links.

An object appears whole or not at all: it is written and fsynced under a temporary name, then linked
to its own, which the file system refuses if that exists, between processes too. A crash can leave a
file in `.tmp`, never a torn object. Keys starting with a dot are refused, so none can reach it.
What is made here is for our user alone; below a root with the setgid bit, which somebody set so
that programs of one group share the store, it is for that group too.
With a `Retention` the folder stays within its limits; without one it grows.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from objectstore.retention import RECORDS, TEMPORARY, Retention
from objectstore.store import (
    NotFound,
    ObjectPart,
    PermanentStoreError,
    Put,
    StoreError,
    TooLarge,
    TransientStoreError,
    check_key,
)

_OURS = {TEMPORARY, *RECORDS, "evidence"}

_CHUNK_BYTES = 64 * 1024
_PERMANENT = {
    errno.EACCES,
    errno.EEXIST,  # a file stands where a folder is needed
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.ENOTSUP,
    errno.EPERM,  # also: a file system without hard links
}


class DirectoryStore:
    """Objects are files below `root`, made if it is missing; the content type is not kept.

    A `root` that is no directory, or takes nothing, is found out by whoever puts, at the start by
    `objectstore.trial`.
    """

    def __init__(self, root: Path, retention: Retention | None = None) -> None:
        self._root = root
        self._temporary = root / TEMPORARY
        self._retention = retention
        self._lock = threading.Lock()
        with suppress(OSError):  # also a mount that is not there yet
            self._make_folders(self._temporary)
            self._tighten()

    def tick(self) -> None:
        """Lets go of what is over age or over the quota, if it is time to look."""
        if self._retention is not None:
            with self._lock:
                self._retention.tick()

    def put_if_absent(self, key: str, body: bytes, content_type: str) -> Put:  # noqa: ARG002, files have none
        check_key(key)
        target = self._root / key
        with said(f"cannot write {key} in {self._root}"):
            if self._retention is not None and not target.exists():
                with self._lock:
                    self._retention.admit(len(body))
            self._make_folders(self._temporary)
            self._make_folders(target.parent)
            return self._publish(target, body)

    def get(self, key: str, max_bytes: int) -> bytes:
        check_key(key)
        with said(f"cannot read {key} in {self._root}"):
            try:
                with (self._root / key).open("rb") as file:
                    body = file.read(max_bytes + 1)
            except FileNotFoundError as error:
                raise NotFound(f"no object {key} in {self._root}") from error
        if len(body) > max_bytes:
            raise TooLarge(f"object {key} has more than {max_bytes} bytes")
        return body

    @contextmanager
    def read_from(self, key: str, begin: int, etag: str) -> Iterator[ObjectPart]:
        check_key(key)
        what = f"cannot read {key} in {self._root}"
        with said(what):
            try:
                file = (self._root / key).open("rb")
            except FileNotFoundError as error:
                raise NotFound(f"no object {key} in {self._root}") from error
        with file:
            found = os.fstat(file.fileno())
            now = f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"
            start = begin if etag == now and begin < found.st_size else 0
            file.seek(start)
            yield ObjectPart(begin=start, size=found.st_size, etag=now, chunks=_chunks(file, what))

    def replace(self, key: str, body: bytes, content_type: str) -> None:  # noqa: ARG002, files have none
        check_key(key)
        target = self._root / key
        with said(f"cannot replace {key} in {self._root}"):
            self._make_folders(self._temporary)
            self._make_folders(target.parent)
            with self._written(body) as temporary:
                temporary.replace(target)
            _sync_folder(target.parent)

    def _publish(self, target: Path, body: bytes) -> Put:
        try:
            with self._written(body) as temporary:
                os.link(temporary, target)
        except FileExistsError:
            outcome: Put = "exists"
        else:
            outcome = "created"
        _sync_folder(target.parent)  # also when it exists: its writer may not have come this far
        return outcome

    @contextmanager
    def _written(self, body: bytes) -> Iterator[Path]:
        """The body in a temporary file, durable, which is gone after the block."""
        temporary = self._temporary / secrets.token_hex(16)
        try:
            _write_synced(temporary, body, 0o640 if self._shared() else 0o600)
            yield temporary
        finally:
            with suppress(OSError):  # what went wrong is said already; a sweep takes what stays
                temporary.unlink(missing_ok=True)

    def _shared(self) -> bool:
        try:
            return bool(self._root.stat().st_mode & stat.S_ISGID)
        except FileNotFoundError:
            return False

    def _make_folders(self, folder: Path) -> None:
        """Makes `folder` and what it lies in, each entered durably in the folder above it."""
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        with suppress(FileExistsError):
            mode = 0o2770 if self._shared() else 0o700
            folder.mkdir(mode=mode)
            _set_mode(folder, mode)
        _sync_folder(folder.parent)

    def _tighten(self) -> None:
        """What an older version made for everybody to read; below it nobody else gets then."""
        if self._shared():
            return
        for folder in self._root.iterdir():
            if folder.name in _OURS and folder.stat().st_mode & 0o077:
                with suppress(PermissionError):  # made by another user, who knows why
                    folder.chmod(0o700)


def _chunks(file: BinaryIO, what: str) -> Iterator[bytes]:
    with said(what):
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _write_synced(path: Path, body: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        _set_mode(path, mode)
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _set_mode(made: Path, mode: int) -> None:
    """What the umask took from what was just made is given back; as far as the file system lets us,
    which a network mount that maps users may not."""
    if stat.S_IMODE(made.stat().st_mode) != mode:
        with suppress(PermissionError):
            made.chmod(mode)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def said(what: str) -> Iterator[None]:
    """Turns the system's errors into the store's."""
    try:
        yield
    except OSError as error:
        raise _error_class(error)(f"{what}: {error.strerror}") from error


def _error_class(error: OSError) -> type[StoreError]:
    return PermanentStoreError if error.errno in _PERMANENT else TransientStoreError
