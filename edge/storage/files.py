"""Small files of the gateway that survive a power cut, and from which damage is known.

SHELL. Written by `service.durable`. What stands in the way of a file, such as a folder that a
repair of the card made, is renamed, never removed.
"""

from __future__ import annotations

import hashlib
from itertools import count
from pathlib import Path

from service.durable import partial_of, write_durably

_SEAL = b"\n# sha256 "


def write_whole(path: Path, text: str | bytes, mode: int | None = None) -> None:
    """Puts `text` in the place of what `path` held, whatever that was; raises `OSError`."""
    body = text.encode() if isinstance(text, str) else text
    clear_way(partial_of(path))
    clear_way(path)
    write_durably(path, body, mode)


def forget_partial(path: Path) -> None:
    """Removes what an interrupted `write_whole` may have left; raises `OSError`."""
    partial_of(path).unlink(missing_ok=True)


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
