"""A folder into which something else writes pictures, such as a camera's FTP upload.

SHELL, on the camera's own thread. New files are taken in the order in which they were written, once
they are written to the end: their size and time stand still. Links and subfolders are passed over,
nothing is removed. What lay there at the start is old. Called by `open_source`.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bridge.config import SourceConfig
from bridge.fault import FaultReason, SourceFault
from bridge.frame_rate import FrameRateLimit
from bridge.picture import JpegFormat, Ready, SourceItem, from_jpeg
from service.clock import Clock

POLL_S = 0.5
MAX_FILES = 100_000
_ENDINGS = (".jpg", ".jpeg", ".png")

FileVersion = tuple[int, int]
"""When a file was written last (ns), and its size."""


def frames(
    camera: SourceConfig,
    folder: Path,
    jpeg_format: JpegFormat,
    clock: Clock,
    stopping: threading.Event,
) -> Iterator[SourceItem]:
    """JPEGs as files appear; raises `SourceFault`."""
    limit, new = FrameRateLimit(camera.rate_fps), NewFiles()
    new.find(listed(folder))
    yield Ready.READY
    while not clock.wait(stopping, POLL_S):
        for name in new.find(listed(folder)):
            if clock.wait(stopping, limit.wait_s(clock.mono())):
                return
            data = read(folder / name, jpeg_format.limits.max_bytes)
            if data is not None:
                limit.due(clock.mono())
                yield from_jpeg(data, jpeg_format)


@dataclass(slots=True)
class NewFiles:
    """Which files are new and complete, from one look at the folder to the next."""

    _old: dict[str, FileVersion] | None = None
    _growing: dict[str, FileVersion] = field(default_factory=dict)

    def find(self, seen: dict[str, FileVersion]) -> list[str]:
        """By the time of writing; nothing at the first look."""
        if self._old is None:
            self._old = seen
            return []
        fresh = {name: mark for name, mark in seen.items() if self._old.get(name) != mark}
        whole = [name for name, mark in fresh.items() if self._growing.get(name) == mark]
        self._growing = {name: mark for name, mark in fresh.items() if name not in whole}
        self._old = {name: mark for name, mark in seen.items() if name not in self._growing}
        return sorted(whole, key=lambda name: (seen[name], name))


def listed(folder: Path) -> dict[str, FileVersion]:
    """The pictures there by name; raises `SourceFault`."""
    found: dict[str, FileVersion] = {}
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number >= MAX_FILES:
                    raise SourceFault(
                        FaultReason.UNUSABLE, f"{folder}: over {MAX_FILES} files: clear it"
                    )
                if not entry.name.lower().endswith(_ENDINGS) or entry.name.startswith("."):
                    continue
                facts = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode):
                    found[entry.name] = (facts.st_mtime_ns, facts.st_size)
    except OSError as error:
        raise SourceFault(FaultReason.UNREACHABLE, f"{folder}: {error.strerror}") from error
    return found


def read(file: Path, max_bytes: int) -> bytes | None:
    """Its bytes, one more than `max_bytes` at most; None if it is gone or became a link."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as opened:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            return opened.read(max_bytes + 1)
    except OSError:
        return None
