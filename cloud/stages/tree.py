"""The folder that a stage reads and the folder that it writes; what links may and may not do.

SHELL. An archive is foreign ground: a link in it may lead within the input (or into a folder that
the operator named), and is then read; one that leads elsewhere is never opened, or a device could
have secrets of the machine copied into the results. Nothing is written through a link: a file
appears under its name by a rename, whole or not at all, and every folder above it is a real one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from cloud.confirm.offline import CannotRun

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class UnreadReason(StrEnum):
    """Why something in the input is not even opened."""

    LINK_OUTSIDE = "link_outside"
    NO_FILE = "no_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something in the input that is not read, and why."""

    reason: UnreadReason
    detail: str


class InputTree:
    """What lies below `root`; names are relative to it, with `/`. Never changed."""

    def __init__(self, root: Path, links_into: Sequence[Path] = ()) -> None:
        if not root.is_dir():
            raise CannotRun(f"the input {root} is no folder")
        self.root = root
        self._allowed = tuple(Path(os.path.realpath(path)) for path in (root, *links_into))

    def names(self, below: str = "") -> list[str]:
        """Everything that is no folder, in path order; a link to a folder is not gone into."""
        found: list[str] = []
        for folder, folders, files in os.walk(self.root / below, onerror=_cannot_list):
            here = Path(folder)
            links = [name for name in folders if (here / name).is_symlink()]
            found += [(here / name).relative_to(self.root).as_posix() for name in files + links]
        return sorted(found)

    def has_folder(self, name: str) -> bool:
        folder = self.root / name
        return folder.is_dir() and not folder.is_symlink()

    def locate(self, name: str) -> Path | Unread:
        """The regular file behind `name`, links resolved."""
        path = Path(os.path.realpath(self.root / name))
        if not any(path.is_relative_to(root) for root in self._allowed):
            return Unread(
                reason=UnreadReason.LINK_OUTSIDE, detail="a link that leads out of the input"
            )
        try:
            mode = path.lstat().st_mode
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                raise CannotRun(f"{self.root / name} cannot be read: {error.strerror}") from error
            return Unread(reason=UnreadReason.NO_FILE, detail="a link that leads nowhere")
        if not stat.S_ISREG(mode):
            return Unread(reason=UnreadReason.NO_FILE, detail=f"{_kind(mode)}, not a file")
        return path

    def modified_at(self, name: str) -> datetime:
        """When the file was last written, links followed."""
        with _said(f"cannot read {name}"):
            return datetime.fromtimestamp((self.root / name).stat().st_mtime, UTC)

    def read(self, name: str, max_bytes: int) -> bytes | Unread:
        """The file's bytes; of one larger than `max_bytes` one byte more than that."""
        path = self.locate(name)
        if isinstance(path, Unread):
            return path
        try:
            with open(os.open(path, _READ), "rb") as file:  # noqa: PTH123, a descriptor
                return file.read(max_bytes + 1)
        except OSError as error:
            raise CannotRun(f"{self.root / name} cannot be read: {error.strerror}") from error


class OutputTree:
    """Files below `root`, each written once in a run; a run over an older one replaces them."""

    def __init__(self, root: Path, source: InputTree) -> None:
        ours, theirs = Path(os.path.realpath(root)), Path(os.path.realpath(source.root))
        if ours.is_relative_to(theirs) or theirs.is_relative_to(ours):
            raise CannotRun(f"input {source.root} and output {root} lie in each other")
        self._root = root
        self._written: set[str] = set()
        with _said(f"cannot make {root}"):
            root.mkdir(parents=True, exist_ok=True)

    def folder(self, name: str) -> Path:
        """The real folder `name`, made if it is missing."""
        folder = self._root
        for part in PurePosixPath(name).parts:
            folder = folder / part
            with _said(f"cannot make {folder}"):
                folder.mkdir(exist_ok=True)
            if folder.is_symlink():
                raise CannotRun(f"{folder} is a link, through which nothing is written; remove it")
        return folder

    def write(self, name: str, body: bytes) -> None:
        """The file `name` with `body`, whole or not at all."""
        self._publish(name, lambda file: file.write(body))

    def place(self, name: str, source: Path, *, copy: bool) -> None:
        """`name` as a link to the file `source`, or as a copy of it."""
        if copy:
            with _said(f"cannot read {source}"):
                descriptor = os.open(source, _READ)
            with open(descriptor, "rb") as original:  # noqa: PTH123, a descriptor
                self._publish(name, lambda file: shutil.copyfileobj(original, file))
            return
        temporary, target = self._names(name)
        with _said(f"cannot write {target}"):
            temporary.symlink_to(source)
            temporary.replace(target)

    def _publish(self, name: str, fill: Callable[[BinaryIO], object]) -> None:
        temporary, target = self._names(name)
        with _said(f"cannot write {target}"):
            with open(os.open(temporary, _CREATE, 0o644), "wb") as file:  # noqa: PTH123
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)

    def _once(self, name: str) -> None:
        if name in self._written:
            raise CannotRun(f"{name} would be written twice: two inputs have the same name")
        self._written.add(name)

    def _names(self, name: str) -> tuple[Path, Path]:
        """A free temporary name that the next run finds again, and the real one."""
        self._once(name)
        target = self._root / name
        folder = self.folder(PurePosixPath(name).parent.as_posix())
        temporary = folder / f".{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}.partial"
        with _said(f"cannot write {target}"):
            temporary.unlink(missing_ok=True)
        return temporary, target


def _cannot_list(error: OSError) -> None:
    raise CannotRun(f"{error.filename} cannot be listed: {error.strerror}") from error


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a link to a folder"), (stat.S_ISFIFO, "a pipe"))
    return next((text for is_kind, text in kinds if is_kind(mode)), "a device or socket")


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Turns the system's errors into words."""
    try:
        yield
    except OSError as error:
        raise CannotRun(f"{what}: {error.strerror}") from error
