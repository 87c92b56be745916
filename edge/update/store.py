"""What is kept of updates: the one in force for good, and how far the latest came.

SHELL. One small file per kind, in `updates` beside the outbox, written whole or not at all: a kill
between any two states leaves the one or the other. Its last line shows damage. Read at a start by
`boot`, written by `updater` before each state has any effect.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.report import Sha256
from contract.shadow import ReplayLimits, ShadowResult
from contract.topics import UpdateKind
from contract.values import Moment
from edge.storage.files import free_aside, is_sound, seal_off, sealed, write_whole
from edge.storage.state_files import StateFile
from edge.update.machine import ENDS, IN_FORCE, UpdateStage
from service.events import Event, log

FOLDER = StateFile.UPDATES
MAX_BYTES = 1_048_576
"""Several times what two orders take."""


class _DiskRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class KeptUpdate(_DiskRecord):
    """An update; `content` is a configuration's patch, or the order of a model, `reason` the
    operator's words."""

    version: int
    digest: Sha256
    content: str
    reason: str = ""


class Attempt(KeptUpdate):
    """The latest update whose order was verified, and how far it came: `limits` are the order's
    own, `shadow` is what recent frames say of it."""

    state: UpdateStage
    refusal: str = ""
    reasons: tuple[str, ...] = ()
    at: Moment
    starts: int = 0
    limits: ReplayLimits | None = None
    shadow: ShadowResult | None = None
    active: tuple[str, ...] = Field((), description="As `health_window.Baseline` has it.")
    steady: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @classmethod
    def of_applied(cls, update: KeptUpdate, at: Moment) -> Self:
        """The order that is in force for good, as the latest again."""
        return cls(**update.model_dump(), state=UpdateStage.APPLIED, at=at)

    @property
    def on_trial(self) -> bool:
        """In force, but not for good."""
        return self.state in IN_FORCE and self.state not in ENDS


class UpdateRecord(_DiskRecord):
    """All that is kept of one kind: what is `applied` is in force for good."""

    format: int = 1
    applied: KeptUpdate | None = None
    attempt: Attempt | None = None

    @property
    def in_force(self) -> KeptUpdate | None:
        """What a start comes up with."""
        attempt = self.attempt
        return attempt if attempt is not None and attempt.on_trial else self.applied

    @property
    def content(self) -> str:
        """Of what is in force, empty if nothing is."""
        return "" if self.in_force is None else self.in_force.content


class RecordDamaged(Exception):
    """The file is not what was written; it was set aside."""


class UpdateStore:
    """The record of one kind on disk."""

    def __init__(self, outbox: Path, kind: UpdateKind) -> None:
        self._file = outbox / FOLDER / f"{kind}.json"

    def read(self) -> UpdateRecord:
        """Empty where there is none; raises `RecordDamaged` once, then there is none."""
        document = read_sealed(self._file)
        if document is None:
            return UpdateRecord()
        try:
            return UpdateRecord.model_validate_json(document)
        except ValidationError as error:
            set_aside(self._file)
            raise RecordDamaged(f"{self._file} is damaged") from error

    def write(self, record: UpdateRecord) -> None:
        """Whole or not at all; raises `OSError`."""
        write_sealed(self._file, record)


def read_sealed(file: Path) -> bytes | None:
    """What `write_sealed` wrote; None where there is no file, nothing in it if it is damaged."""
    try:
        with file.open("rb") as opened:
            document = opened.read(MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError:
        return b""
    return seal_off(document) if is_sound(document) else b""


def write_sealed(file: Path, document: BaseModel) -> None:
    """Whole or not at all; raises `OSError`."""
    write_whole(file, sealed(document.model_dump_json()))


def set_aside(file: Path) -> None:
    """Keeps what is damaged for a look; says so."""
    kept = free_aside(file)
    try:
        file.rename(kept)
    except OSError as error:
        log(Event.UPDATE_NOT_KEPT, file=str(file), reason=str(error))
        return
    log(Event.UPDATE_RECORD_LOST, file=str(file), kept=str(kept))
