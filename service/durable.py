"""A file that is there whole or as it was before, also after a power cut.

SHELL. Temporary file beside it, fsync, rename, fsync of the folder.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_durably(path: Path, body: bytes, mode: int | None = None) -> None:
    """Puts `body` in the place of what `path` held; makes its folder; raises `OSError`.

    `mode`: the file's rights, before anything is in it; None: as the process's umask has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    try:
        with partial.open("wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        with suppress(OSError):  # on a full disk half a file is in everybody's way
            partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def partial_of(path: Path) -> Path:
    """The temporary file, which a kill may leave there."""
    return path.with_name(f"{path.name}.part")


def sync_folder(folder: Path) -> None:
    """Makes names that were added to or removed from `folder` durable; raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
