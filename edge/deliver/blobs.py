"""Pictures on disk, named by the SHA-256 of their bytes.

SHELL. A file appears whole or not at all: temporary name, fsync, rename, fsync of the folder. A
crash can leave a temporary file, which `keep_only` removes at the next start. Called by the outbox,
which knows what is still needed, under its lock.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from edge.durable import sync_folder

_SUFFIX = ".jpg"


class Blobs:
    """The files of one folder, which is made if it is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)

    def write(self, blobs: Iterable[tuple[str, bytes]]) -> None:
        """Durable on return. Raises `OSError`; what was written before it stays."""
        for sha256, body in blobs:
            path = self._path(sha256)
            if self._is_whole(path, len(body)):
                continue
            temporary = path.with_suffix(".part")
            with temporary.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        sync_folder(self._folder)

    def read(self, sha256: str) -> bytes | None:
        """The bytes, None if they are missing or not those that were written."""
        try:
            body = self._path(sha256).read_bytes()
        except OSError:  # a card that fails to read has lost it, whatever it says
            return None
        return body if hashlib.sha256(body).hexdigest() == sha256 else None

    def remove(self, sha256: str) -> None:
        """Gone, also if it never was there; not necessarily durably."""
        self._path(sha256).unlink(missing_ok=True)
        self._path(sha256).with_suffix(".part").unlink(missing_ok=True)

    def names(self) -> frozenset[str]:
        """The hashes of all files that are there whole."""
        return frozenset(path.stem for path in self._folder.glob(f"*{_SUFFIX}"))

    def keep_only(self, needed: frozenset[str]) -> int:
        """Removes every other file and says how many."""
        names = {f"{sha256}{_SUFFIX}" for sha256 in needed}
        orphans = [path for path in self._folder.iterdir() if path.name not in names]
        for path in orphans:
            path.unlink()
        return len(orphans)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}{_SUFFIX}"

    @staticmethod
    def _is_whole(path: Path, size: int) -> bool:
        return path.is_file() and path.stat().st_size == size
