"""What survives a power cut: a small file written whole or not at all, a folder's names.

SHELL. Temporary file, fsync, rename, fsync of the folder: after a power cut there is the old file
or the new one. What stands in the way of a file, such as a folder that a repair of the card made,
is renamed, never removed.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from itertools import count
from pathlib import Path

_SEAL = b"\n# sha256 "


def write_whole(path: Path, text: str | bytes) -> None:
    """Puts `text` in the place of what `path` held; makes its folder; raises `OSError`."""
    body = text.encode() if isinstance(text, str) else text
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(path)
    clear_way(partial)
    clear_way(path)
    try:
        with partial.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        with suppress(OSError):  # on a full disk half a file is in everybody's way
            partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def forget_partial(path: Path) -> None:
    """Removes what an interrupted `write_whole` may have left; raises `OSError`."""
    _partial(path).unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def clear_way(path: Path) -> None:
    """Renames what stands at `path` if it is no file; raises `OSError`."""
    if path.is_dir():
        path.rename(free_aside(path))


def aside(path: Path, number: int) -> Path:
    """The name under which the `number`-th thing that was no use at `path` is kept."""
    return path.with_name(f"{path.name}.corrupt-{number}")


def free_aside(path: Path) -> Path:
    """The first such name that nothing has yet."""
    return next(free for n in count(1) if not (free := aside(path, n)).exists())


def sealed(text: str) -> bytes:
    """`text` with a last line from which damage is known; a comment to a reader of YAML."""
    body = text.encode()
    return body + _SEAL + hashlib.sha256(body).hexdigest().encode() + b"\n"


def is_sound(document: bytes) -> bool:
    """Whether it is what `sealed` made; True as well for one that was never sealed."""
    body, seal, digest = document.rpartition(_SEAL)
    return not seal or hashlib.sha256(body).hexdigest().encode() == digest.rstrip(b"\n")


def seal_off(document: bytes) -> bytes:
    """What was sealed; a document that never was is returned as it is."""
    body, seal, _ = document.rpartition(_SEAL)
    return body if seal else document


def sync_folder(folder: Path) -> None:
    """Makes names that were added to or removed from `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
