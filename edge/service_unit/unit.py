"""The unit file: the shipped one with this machine's paths and credentials, and whose a unit is.

PURE. The shipped unit stands beside this module. A unit that `install-service` wrote says so in
its first line, with a digest of the rest, so that what a person changed is never overwritten in
silence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edge.config.load import PREFIX

USER = "stillwatch"
STATE = Path("/var/lib/stillwatch")
"""As `User=` and `StateDirectory=` in the shipped unit say."""

_MARK = "# Written by `stillwatch-edge install-service`; sha256 of what follows: "
_CHANGE = "# Changes belong into a drop-in: systemctl edit stillwatch-edge\n"


UNFIT = frozenset("\"'\\")
"""What systemd takes in no program's path, however it is quoted."""


class UnitOrigin(StrEnum):
    """Who a unit file is of."""

    OURS = "ours"
    SHIPPED = "shipped"
    EDITED = "edited"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A file that the service's user cannot read, and systemd hands over; `key` names it."""

    key: str
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPaths:
    """What differs from machine to machine; all paths absolute."""

    program: Path
    config: Path
    models: Path
    credentials: tuple[Credential, ...] = ()


def rendered(shipped: str, paths: UnitPaths) -> str:
    """The unit for these paths, marked as ours."""
    body = _CHANGE + "".join(_lines(shipped, paths))
    return f"{_MARK}{_digest(body)}\n{body}"


def origin(text: str, shipped: str) -> UnitOrigin:
    """Whose `text` is: ours as we wrote it, the shipped one, ours edited, or somebody else's."""
    if text == shipped:
        return UnitOrigin.SHIPPED
    first, _, body = text.partition("\n")
    if not first.startswith(_MARK):
        return UnitOrigin.FOREIGN
    return UnitOrigin.OURS if first == _MARK + _digest(body) else UnitOrigin.EDITED


def _lines(shipped: str, paths: UnitPaths) -> Iterator[str]:
    for line in shipped.splitlines(keepends=True)[1:]:
        if line.startswith("ExecStart="):
            program, config = _word(str(paths.program)), _argument(str(paths.config))
            yield f"ExecStart={program} run --config {config}\n"
        elif line.startswith("Environment=STILLWATCH_MODELS="):
            yield f"Environment={_word(f'STILLWATCH_MODELS={paths.models}')}\n"
            yield from _credential_lines(paths.credentials)
        elif not line.startswith("Documentation="):
            yield line


def _credential_lines(credentials: tuple[Credential, ...]) -> Iterator[str]:
    """A copy for the service alone, and the key of the configuration that finds it there."""
    for one in credentials:
        variable = PREFIX + one.key.upper().replace(".", "__")
        yield f"LoadCredential={one.key}:{_specifiers(str(one.file))}\n"
        yield f"Environment={variable}=%d/{one.key}\n"


def _argument(text: str) -> str:
    """Of a command line; unlike in the program's path, `$` would begin a variable."""
    return _word(text.replace("$", "$$"))


def _word(text: str) -> str:
    """A word as systemd.syntax has it; bare where nothing in it is special."""
    plain = _specifiers(text)
    if not set(plain) & {" ", *UNFIT}:
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
