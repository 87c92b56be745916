"""Damaged SQLite files of the gateway are set aside, never removed at once.

SHELL. Called by `deliver.outbox_database` and `static_objects.database`.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from edge.storage.files import aside
from service.durable import sync_folder

_PARTS = ("", "-wal", "-shm")

MOST_ASIDE = 3
"""Damaged files are kept for a look, the newest; a card that damages one a day is not filled."""


def set_aside(file: Path) -> Path:
    """Where the file is from now on, with what belongs to it; durable on return."""
    endings = (path.name.rpartition("-")[2] for path in file.parent.glob(f"{file.name}.corrupt-*"))
    kept = sorted(int(ending) for ending in endings if ending.isdecimal())
    for number in kept[: max(0, len(kept) - MOST_ASIDE + 1)]:
        for suffix in _PARTS:
            with suppress(OSError):
                Path(f"{aside(file, number)}{suffix}").unlink(missing_ok=True)
    name = aside(file, kept[-1] + 1 if kept else 1)
    for suffix in _PARTS:
        with suppress(FileNotFoundError):
            Path(f"{file}{suffix}").rename(f"{name}{suffix}")
    sync_folder(file.parent)
    return name
