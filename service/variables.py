"""What variables say to a container: whether balena runs it, and secrets as private files.

SHELL (writes files). Called by `edge.config.balena` and `bridge.container`, each of which knows its
own variables.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from service.private import write_private

PRIVATE = Path("/run/stillwatch")
"""In memory, by the compose file; secrets never reach the disk."""

_BASE64 = "base64:"


class VariableError(Exception):
    """A variable's value cannot be used: what is wrong, and what to do. Neither quotes it."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(f"{problem}; {hint}")
        self.problem = problem
        self.hint = hint


def on_balena(environ: Mapping[str, str]) -> bool:
    """Whether balena's supervisor runs this container."""
    return environ.get("BALENA") == "1"


def secret_of(value: str) -> bytes:
    """What a variable holds, as text or behind `base64:`; raises `VariableError`."""
    if not value.startswith(_BASE64):
        return value.encode()
    try:
        return base64.b64decode(value.removeprefix(_BASE64), validate=True)
    except ValueError as error:  # of binascii too, and of what is no ASCII
        raise VariableError(f"is no base64: {error}", f"drop {_BASE64!r}, or correct it") from error


def keep(path: Path, content: bytes) -> Path:
    """Writes `content` for our eyes only; raises `VariableError`."""
    try:
        write_private(path, content)
    except OSError as error:
        problem = f"cannot be written to {path}: {error.strerror}"
        raise VariableError(problem, f"mount a tmpfs at {path.parent}") from error
    return path
