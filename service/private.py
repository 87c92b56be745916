"""State and evidence are for nobody else's eyes: what we make, and what an older version left.

SHELL. New files are ours alone by the process's umask; what lay there with more rights is tightened
when a process starts. Called by the subcommands that run for long.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from glob import escape
from pathlib import Path

from service.events import Event, log

OTHERS = stat.S_IRWXG | stat.S_IRWXO
UMASK = OTHERS


def make_private() -> None:
    """From here on this process makes files that only its user can read."""
    os.umask(UMASK)


def write_private(path: Path, content: bytes) -> None:
    """Writes `content` whole, for our eyes only; a file that has it already is left alone.

    Raises `OSError`.
    """
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)


def tighten(folder: Path, names: Iterable[str]) -> None:
    """Takes everybody else's rights from what matches `names` (patterns) in `folder`; not below.

    What somebody else owns stays as it is, and is said.
    """
    open_ = [path for path in _found(folder, names) if not _tightened(path)]
    if open_:
        named = [str(path) for path in open_[:5]]
        log(Event.STATE_EXPOSED, paths=named, count=len(open_), reason="it belongs to another user")


def close_off(folder: Path, ours: Sequence[str]) -> None:
    """Tightens what matches `ours` in `folder`, and `folder` itself if it holds nothing else.

    A folder that is shared with others, whoever chose that, stays open for them.
    """
    tighten(folder, ours)
    try:
        alone = all(any(fnmatch(one.name, name) for name in ours) for one in folder.iterdir())
        if alone and not folder.stat().st_mode & stat.S_ISVTX:
            tighten(folder.parent, [escape(folder.name)])
    except OSError:  # missing yet, or a disk that reads nothing: its owner finds out and says so
        return


def _found(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        try:
            yield from sorted(folder.glob(name))
        except OSError:  # what cannot be listed by us, its user, is open to few others
            continue


def _tightened(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) or not mode & OTHERS:
            return True
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
