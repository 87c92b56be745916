"""Pictures on disk, named by the SHA-256 of their bytes, and beside them each waiting report.

SHELL. A file appears whole or not at all: temporary name, fsync, rename, fsync of the folder. A
crash can leave a temporary file, which `keep_only` removes at the next start. A report lies here a
second time, so that a lost database loses no suspicion. What the disk does not take is held in
memory until it does (`flush`). Called by the outbox, which knows what is needed, under its lock.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from contract.ids import ReportId, is_report_id
from edge.storage.files import (
    clear_way,
    free_aside,
    is_sound,
    seal_off,
    sealed,
    write_whole,
)
from service.durable import sync_folder

_SUFFIX = ".jpg"
_REPORT = ".json"
_HASH = re.compile(r"[0-9a-f]{64}")
_KNOWN = "copies"
_MAX_REPORT_BYTES = 131_072
"""Twice what the wire allows: more is no report of ours."""


class Blobs:
    """The files of one folder, which is made if it is missing and if the disk lets it be made."""

    def __init__(self, folder: Path, min_free_bytes: int = 0) -> None:
        """Of the disk, `min_free_bytes` are left to others."""
        self._folder = folder
        self._min_free_bytes = min_free_bytes
        self._in_memory: dict[str, bytes] = {}
        self._undeleted: set[str] = set()
        self.known = (folder / _KNOWN).exists()
        with suppress(OSError):  # who writes finds out
            self._make_folder()

    def recognise(self) -> None:
        """Every waiting report has its copy here from now on, which `known` says at later starts;
        until then a missing copy says nothing."""
        with suppress(OSError):
            if not self.known:
                write_whole(self._folder / _KNOWN, "every waiting report has a copy here\n")
                self.known = True

    @property
    def in_memory_bytes(self) -> int:
        """Of the files that are in memory only."""
        return sum(map(len, self._in_memory.values()))

    @property
    def on_disk(self) -> bool:
        """Whether the disk has taken everything, and let go what it should."""
        return not self._in_memory and not self._undeleted

    def write(self, pictures: Mapping[str, bytes], report_id: ReportId, report: str) -> None:
        """Durable on return. Raises `OSError`; what was written before it stays."""
        self._make_folder()
        self._check_floor(sum(map(len, pictures.values())))
        for sha256, body in pictures.items():
            path = self._path(sha256)
            if not self._is_whole(path, len(body)):
                self._write(path, body)
        self._write(self._folder / f"{report_id}{_REPORT}", sealed(report))
        sync_folder(self._folder)

    def hold(self, pictures: Mapping[str, bytes], report_id: ReportId, report: str) -> None:
        """In memory, because the disk does not take them."""
        self._in_memory |= {f"{sha256}{_SUFFIX}": body for sha256, body in pictures.items()}
        self._in_memory[f"{report_id}{_REPORT}"] = sealed(report)

    def flush(self) -> None:
        """Brings to the disk what is held; raises `OSError`, and then it stays held. What it did
        not let go, goes."""
        for name in tuple(self._undeleted):
            self._remove(name)
        if not self._in_memory:
            return
        self._make_folder()
        self._check_floor(self.in_memory_bytes)
        for name, body in self._in_memory.items():
            self._write(self._folder / name, body)
        sync_folder(self._folder)
        self._in_memory.clear()

    def read(self, sha256: str) -> bytes | None:
        """The bytes, None if they are missing or not those that were written."""
        body = self._in_memory.get(f"{sha256}{_SUFFIX}")
        if body is not None:
            return body
        try:
            body = self._path(sha256).read_bytes()
        except (OSError, ValueError):  # a card that fails to read has lost it; a damaged name
            return None
        return body if hashlib.sha256(body).hexdigest() == sha256 else None

    def report(self, report_id: ReportId) -> str | None:
        """The report's JSON, None if it is not here or damaged."""
        document = self._in_memory.get(f"{report_id}{_REPORT}")
        if document is None:
            try:
                with (self._folder / f"{report_id}{_REPORT}").open("rb") as file:
                    document = file.read(_MAX_REPORT_BYTES)
            except OSError:
                return None
        return seal_off(document).decode(errors="replace") if is_sound(document) else None

    def remove(self, sha256: str) -> None:
        """Gone, also if it never was there; not necessarily durably."""
        self._remove(f"{sha256}{_SUFFIX}")

    def remove_report(self, report_id: ReportId) -> None:
        """As `remove`, of the report's copy."""
        self._remove(f"{report_id}{_REPORT}")

    def names(self) -> frozenset[str]:
        """The hashes of all pictures that are there."""
        return frozenset(stem for stem in self._stems(_SUFFIX) if _HASH.fullmatch(stem))

    def reports(self) -> frozenset[ReportId]:
        """The ids of all reports of which there is a copy, sound or not."""
        return frozenset(ReportId(stem) for stem in self._stems(_REPORT) if is_report_id(stem))

    def keep_only(self, needed: frozenset[str]) -> int:
        """Removes every other picture and what writes left half done; how many pictures. Folders,
        and what a disk does not let go, stay."""
        orphans = self.names() - needed
        for sha256 in orphans:
            self.remove(sha256)
        with suppress(OSError):
            for path in self._folder.glob("*.part"):
                self._remove(path.name)
        return len(orphans)

    def _make_folder(self) -> None:
        if self._folder.is_dir():
            return
        if self._folder.exists():  # a file in its place
            self._folder.rename(free_aside(self._folder))
        self._folder.mkdir(parents=True, exist_ok=True)
        sync_folder(self._folder.parent)

    def _check_floor(self, size: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if self._min_free_bytes and free - size < self._min_free_bytes:
            words = f"{free} bytes free, of which {self._min_free_bytes} are left to others"
            raise OSError(errno.ENOSPC, words)

    def _write(self, path: Path, body: bytes) -> None:
        temporary = path.with_name(f"{path.name}.part")
        try:
            with temporary.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise

    def _remove(self, name: str) -> None:
        self._in_memory.pop(name, None)
        if "\0" in name or "/" in name:
            return  # a damaged row's, and no file of ours
        try:
            clear_way(self._folder / name)
            (self._folder / name).unlink(missing_ok=True)
            self._undeleted.discard(name)
        except OSError:  # a disk that takes nothing: as good as gone, and tried again
            self._undeleted.add(name)

    def _stems(self, suffix: str) -> Iterable[str]:
        names = [*self._in_memory]
        with suppress(OSError):
            names += [path.name for path in self._folder.iterdir()]
        there = (name for name in names if name not in self._undeleted)
        return (name.removesuffix(suffix) for name in there if name.endswith(suffix))

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}{_SUFFIX}"

    @staticmethod
    def _is_whole(path: Path, size: int) -> bool:
        return path.is_file() and path.stat().st_size == size
