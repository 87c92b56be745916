"""Reading the JSON records that an earlier stage wrote.

SHELL. A record that cannot be read stops the stage: something else than a stage wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TypeVar

from pydantic import ValidationError

from cloud.confirm.offline import CannotRun
from cloud.stages.tree import InputTree, Unread
from contract.report import Wire
from contract.validation_errors import first_error

MAX_BYTES = 256_000_000
Record = TypeVar("Record", bound=Wire)


def records(source: InputTree, below: str, kind: type[Record]) -> Iterator[tuple[str, Record]]:
    """Every record of `kind` below the folder (if it exists, else below the input), in path order.

    With its name in the tree. Files whose names do not end in `.json` or begin with a dot are
    something else.
    """
    for name in source.names(below if source.has_folder(below) else ""):
        path = PurePosixPath(name)
        if path.suffix == ".json" and not path.name.startswith("."):
            yield name, _read(source, name, kind)


def _read(source: InputTree, name: str, kind: type[Record]) -> Record:
    text = source.read(name, MAX_BYTES)
    if isinstance(text, Unread):
        raise CannotRun(f"{source.root / name} is not read: {text.detail}")
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise CannotRun(f"{source.root / name} is no record: {first_error(error)}") from error
