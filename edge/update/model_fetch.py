"""A file of an ordered model, fetched so that a break costs no byte that had come.

SHELL. What comes is written beside its place at once, with the ETag of the object that it is from,
so that after a broken connection, a kill or a power cut the store is asked for the rest alone, and
never for the rest of another object. Whether the whole is what was signed its hash decides at the
end; if it is not, and it was put together from parts, it is fetched once more in one. Called by
`model_preparation`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from contract.keys import model_key
from contract.update import ModelFile
from edge.storage.files import write_whole
from imaging.manifest import ModelError
from objectstore.store import ResumableStore, TransientStoreError
from service.clock import Clock
from service.durable import sync_folder
from service.events import Event, log

RETRY_S, GIVE_UP_S = 10.0, 1800.0
"""A store that does not answer is asked again, for so long."""
SLOWEST_BYTES_PER_S = 1_000
"""What has come buys more time at this pace, so that a lame link is let to its end."""
_PLAIN = re.compile(r"[!-~]{1,300}")
"""Of a file that a power cut tore there may be anything, and an ETag goes into a header."""
INCOMING = ".incoming"
"""Folder beside the files; no file of an order is called so."""


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A file that is not whole yet, and the name of the object that it is from."""

    body: Path
    name: Path

    def begun(self, most_bytes: int) -> tuple[int, str]:
        """How many bytes have come, of which object; nothing of none, where either is no use."""
        try:
            length, etag = self.body.stat().st_size, self.name.read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return 0, ""
        usable = 0 < length < most_bytes and _PLAIN.fullmatch(etag)
        return (length, etag) if usable else (0, "")

    def length(self) -> int:
        """Of what has come, 0 if nothing has."""
        with suppress(OSError):
            return self.body.stat().st_size
        return 0

    def forget(self) -> None:
        """Raises `OSError`."""
        self.name.unlink(missing_ok=True)
        self.body.unlink(missing_ok=True)


def fetch(store: ResumableStore, file: ModelFile, folder: Path, clock: Clock) -> None:
    """Puts `file` into `folder`, durable and what was signed; asks a silent store again.

    Raises `ModelError`, `StoreError`, `OSError`.
    """
    incoming = _Incoming(folder / INCOMING / file.sha256, folder / INCOMING / f"{file.sha256}.etag")
    incoming.body.parent.mkdir(parents=True, exist_ok=True)
    pieced = incoming.length() > 0
    while True:
        pieced = _bring(store, file, incoming, clock) or pieced
        if _is_signed(incoming.body, file):
            break
        incoming.forget()
        if not pieced:
            raise _not_signed(file)
        pieced = False
    incoming.body.replace(folder / file.name)
    sync_folder(folder)
    incoming.forget()


def clear(folder: Path) -> None:
    """Removes what is left of files that came."""
    shutil.rmtree(folder / INCOMING, ignore_errors=True)


def _bring(store: ResumableStore, file: ModelFile, incoming: _Incoming, clock: Clock) -> bool:
    """All bytes; whether they came in more than one piece."""
    begun_s, most, pieced, never = clock.mono(), 0, False, threading.Event()
    while incoming.length() != file.bytes:
        try:
            pieced = _go_on(store, file, incoming) or pieced
        except TransientStoreError as error:
            most = max(most, incoming.length())
            log(
                Event.MODEL_FETCH_FAILED,
                file=file.name,
                reason=str(error),
                bytes=incoming.length(),
                again_in_s=RETRY_S,
            )
            if clock.mono() - begun_s >= GIVE_UP_S + most / SLOWEST_BYTES_PER_S:
                raise
            clock.wait(never, RETRY_S)
    return pieced


def _go_on(store: ResumableStore, file: ModelFile, incoming: _Incoming) -> bool:
    """What one answer of the store brings; whether it was a rest."""
    begin, etag = incoming.begun(file.bytes)
    with store.read_from(model_key(file.sha256), begin, etag) as part:
        if part.size not in (None, file.bytes):
            raise _not_signed(file)
        if part.begin == 0:
            incoming.forget()
            write_whole(incoming.name, part.etag)
        with incoming.body.open("r+b" if part.begin else "wb") as sink:
            length = part.begin
            sink.seek(length)
            try:
                for chunk in part.chunks:
                    length += len(chunk)
                    if length > file.bytes:
                        raise _not_signed(file)
                    sink.write(chunk)
                    sink.flush()
            finally:
                os.fsync(sink.fileno())
    if length < file.bytes:
        raise _not_signed(file)
    return part.begin > 0


def _is_signed(path: Path, file: ModelFile) -> bool:
    with path.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest() == file.sha256


def _not_signed(file: ModelFile) -> ModelError:
    return ModelError(f"{model_key(file.sha256)} in the store is not the file that was signed")
