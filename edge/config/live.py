"""The configuration in force, and the last good one on disk.

SHELL. What took effect is written into the outbox's folder, whole or not at all, so that an invalid
file at the next start does not keep the gateway from its work: it then runs the last good one,
loudly. Stages read `Live.current` once per frame.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.config.load import Loaded, load, read
from edge.config.parse import MAX_BYTES, parse
from edge.config.schema import OutboxConfig
from edge.errors import ConfigError, ConfigProblem
from edge.storage.files import forget_partial, is_sound, sealed, write_whole
from edge.storage.state_files import StateFile

LAST_GOOD = StateFile.LAST_GOOD
OUTBOX_VARIABLE = "STILLWATCH__DELIVER__OUTBOX__PATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What to begin with; `refused` says why it is the last good one instead of the file's."""

    loaded: Loaded
    refused: tuple[ConfigProblem, ...] = ()


class Live:
    """Holds the configuration in force; any thread may read it."""

    def __init__(self, loaded: Loaded) -> None:
        self._current = loaded

    @property
    def current(self) -> Loaded:
        return self._current

    def swap(self, loaded: Loaded) -> None:
        """Puts another one in force: one reference, so a reader sees the old or the new."""
        self._current = loaded


def begin(path: Path | None, environ: Mapping[str, str], patches: Sequence[str] = ()) -> Start:
    """The file's configuration with the `patches` of updates, else the last good one; raises
    `ConfigError` with neither."""
    try:
        return Start(loaded=load(path, environ, patches))
    except ConfigError as error:
        kept = probable_outbox(path, environ) / LAST_GOOD
        try:
            return Start(loaded=read_last_good(kept), refused=error.problems)
        except OSError:
            raise error from None
        except ConfigError as worse:
            also = tuple(
                ConfigProblem(path=f"{kept}: {c.path}", problem=c.problem, hint=c.hint)
                for c in worse.problems
            )
            raise ConfigError(error.problems + also) from worse


def last_good(path: Path | None, environ: Mapping[str, str], reason: str) -> Start | None:
    """The last good configuration instead of the file's, for `reason`; None if there is none."""
    kept = probable_outbox(path, environ) / LAST_GOOD
    problem = ConfigProblem(path="updates", problem=reason)
    try:
        return Start(loaded=read_last_good(kept), refused=(problem,))
    except (OSError, ConfigError):
        return None


def keep(loaded: Loaded) -> None:
    """Writes the effective values as last good, whole or not at all; raises `OSError`.

    What is there already is not written again: a start costs a memory card nothing.
    """
    values = json.dumps(loaded.config.model_dump(mode="json"), indent=1, sort_keys=True)
    file, document = loaded.config.deliver.outbox.path / LAST_GOOD, sealed(values)
    with suppress(OSError):
        if _bytes_of(file) == document:
            forget_partial(file)
            return
    write_whole(file, document)


def read_last_good(file: Path) -> Loaded:
    """What `keep` wrote; raises `OSError`, and `ConfigError` also for one that is valid by chance:
    a bit of it may have flipped."""
    document = _bytes_of(file)
    if not is_sound(document):
        raise ConfigError(
            (ConfigProblem(path="document", problem="is damaged: its digest differs"),)
        )
    return read(document, {})


def _bytes_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)


def probable_outbox(path: Path | None, environ: Mapping[str, str]) -> Path:
    """Where the outbox lies, read from a configuration that is not valid as a whole."""
    named = environ.get(OUTBOX_VARIABLE) or (path and _outbox_in(path))
    return Path(named) if named else OutboxConfig().path


def _outbox_in(path: Path) -> str | None:
    try:
        here: object = parse(_bytes_of(path))[0]
    except (OSError, ConfigError):
        return None
    for step in ("deliver", "outbox", "path"):
        here = here.get(step) if isinstance(here, dict) else None
    return here if isinstance(here, str) else None
