"""A folder for the files of this process, removed with it; in memory where that can be."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

_HELD: list[tempfile.TemporaryDirectory[str]] = []
_IN_MEMORY = Path("/dev/shm")  # noqa: S108, what is put there is made by TemporaryDirectory


@cache
def folder() -> Path:
    """The same for every caller."""
    where = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    _HELD.append(tempfile.TemporaryDirectory(prefix="fuzz-", dir=where))
    return Path(_HELD[-1].name)
