"""`model upload`: the files of a model into the object store, each under its hash, each once.

SHELL. Raises `CannotRun`, `ModelError`, and what the store raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cloud.confirm.offline import CannotRun
from cloud.manage.contents import model_in
from cloud.manage.desk import Desk
from contract.keys import model_key
from contract.topics import UpdateKind

_CONTENT_TYPE = "application/octet-stream"


def upload(desk: Desk, _kind: UpdateKind) -> Iterator[str]:
    """A line for each file."""
    folder: Path = desk.options.content
    _, _, files = model_in(folder)
    for file in files:
        body = (folder / file.name).read_bytes()
        if len(body) != file.bytes:
            raise CannotRun(f"{folder / file.name} is being changed")
        put = desk.history.store.put_if_absent(model_key(file.sha256), body, _CONTENT_TYPE)
        yield f"{file.name}: {'there already' if put == 'exists' else f'{file.bytes} bytes stored'}"
