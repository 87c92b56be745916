"""How long a directory store keeps what, and how much: quota, age by class, a floor of free space.

SHELL. What is over its age goes; while the quota is exceeded or the disk nearly full, the oldest
evidence goes, then the oldest verdicts, which are small and say what was decided. Ages are those of
the files, and count only while the caller trusts its wall clock. Called by `store_dir`.
"""

from __future__ import annotations

import heapq
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

TEMPORARY = ".tmp"
RECORDS = frozenset({"verdicts", "alarms"})
"""Folders of what is small and says what was decided and done."""

SWEEP_S = 3600.0
AGAIN_S = 60.0
"""A disk that somebody else fills is not searched for room with every picture."""
ABANDONED_S = 3600.0
"""A temporary file this old has no writer any more."""
SLACK = 0.05
"""So much below the quota room is made, so that not every put has to look for it."""
AT_ONCE = 20_000
"""Files considered per sweep, which bounds its memory; the next sweep takes the next ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLimits:
    """Everything that a store may hold, in bytes and in seconds since the file was written."""

    max_bytes: int
    min_free_bytes: int
    evidence_max_age_s: float
    verdicts_max_age_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep removed: objects over age, objects for room, abandoned temporary files."""

    aged: int = 0
    displaced: int = 0
    abandoned: int = 0
    freed_bytes: int = 0

    def __bool__(self) -> bool:
        return bool(self.aged or self.displaced or self.abandoned)


@dataclass(slots=True)
class _SweepCounts:
    """A sweep under way."""

    size_bytes: int = 0
    freed_bytes: int = 0
    aged: int = 0
    displaced: int = 0
    oldest: list[tuple[int, float, int, str]] = field(default_factory=list)


class Retention:
    """Keeps the folder `root` within `limits`. Not safe between threads by itself."""

    def __init__(
        self,
        root: Path,
        limits: StoreLimits,
        wall_s: Callable[[], float],
        mono_s: Callable[[], float],
        trusted: Callable[[], bool],
        on_swept: Callable[[Swept], None] = lambda _: None,
    ) -> None:
        """`wall_s` is Unix seconds; nothing goes for its age while they are not `trusted`."""
        self._root = root
        self._limits = limits
        self._wall_s, self._mono_s, self._trusted = wall_s, mono_s, trusted
        self._on_swept = on_swept
        self._size_bytes: int | None = None
        self._swept_s = float("-inf")

    def admit(self, size: int) -> None:
        """Called before `size` bytes are written: makes room if there is none."""
        known = (self._size_bytes or 0) + size
        tight = known > self._limits.max_bytes or self._free_bytes() < self._limits.min_free_bytes
        since_s = self._mono_s() - self._swept_s
        if self._size_bytes is None or (tight and since_s >= AGAIN_S) or known > self._crowded():
            self.sweep(size)
        self._size_bytes = (self._size_bytes or 0) + size

    def tick(self) -> None:
        """Sweeps if it is time to; call it now and then, also when nothing is written."""
        if self._mono_s() - self._swept_s >= SWEEP_S:
            self.sweep(0)

    def sweep(self, coming: int) -> Swept:
        """Removes what is over age, then the oldest until `coming` bytes have room."""
        self._swept_s = self._mono_s()
        abandoned = self._sweep_temporary()
        counts = _SweepCounts()
        files = self._count_and_age(counts)
        counts.oldest = heapq.nsmallest(AT_ONCE, files)
        self._make_room(counts, coming)
        self._size_bytes = counts.size_bytes
        swept = Swept(
            aged=counts.aged,
            displaced=counts.displaced,
            abandoned=abandoned,
            freed_bytes=counts.freed_bytes,
        )
        if swept:
            self._on_swept(swept)
        return swept

    def _crowded(self) -> float:
        """Beyond this the quota is not waited for, however short ago the last sweep was."""
        return self._limits.max_bytes * (1 + SLACK)

    def _count_and_age(self, counts: _SweepCounts) -> Iterator[tuple[int, float, int, str]]:
        """Every object that stays, as (0 evidence | 1 record, time, bytes, path)."""
        limits, now_s = self._limits, self._wall_s() if self._trusted() else None
        for path, at_s, size in _files(self._root):
            record = Path(path).relative_to(self._root).parts[0] in RECORDS
            oldest_s = limits.verdicts_max_age_s if record else limits.evidence_max_age_s
            if now_s is not None and now_s - at_s > oldest_s and _remove(path, self._root):
                counts.aged += 1
                counts.freed_bytes += size
                continue
            counts.size_bytes += size
            yield int(record), at_s, size, path

    def _make_room(self, counts: _SweepCounts, coming: int) -> None:
        limits = self._limits
        over = counts.size_bytes + coming - limits.max_bytes
        short = limits.min_free_bytes - self._free_bytes()
        if over <= 0 and short <= 0:
            return
        wanted = max(over, short) + int(SLACK * limits.max_bytes)
        for _, _, size, path in counts.oldest:
            if wanted <= 0:
                return
            if _remove(path, self._root):
                counts.displaced += 1
                counts.freed_bytes += size
                counts.size_bytes -= size
                wanted -= size

    def _free_bytes(self) -> int:
        try:
            return shutil.disk_usage(self._root).free
        except OSError:
            return self._limits.min_free_bytes  # the write itself will tell what is wrong

    def _sweep_temporary(self) -> int:
        """By their age as the file system has it; a file that a writer still holds is young."""
        removed = 0
        for path, at_s, _ in _files(self._root / TEMPORARY):
            if abs(self._wall_s() - at_s) > ABANDONED_S and _remove(path, self._root):
                removed += 1
        return removed


def _files(folder: Path) -> Iterator[tuple[str, float, int]]:
    """Path, time and size of every file below `folder` but those in hidden folders."""
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith("."):
                            waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        stat = entry.stat(follow_symlinks=False)
                        yield entry.path, stat.st_mtime, stat.st_size
        except OSError:  # gone meanwhile, or unreadable: not ours to clear
            continue


def _remove(path: str, root: Path) -> bool:
    """Whether the file is gone; the folders that it leaves empty go as well, up to the root."""
    try:
        Path(path).unlink()
    except OSError:
        return False
    with suppress(OSError):  # the first that is not empty
        for folder in Path(path).parents:
            if folder == root or folder.name == TEMPORARY:
                break
            folder.rmdir()
    return True
