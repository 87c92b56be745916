"""What was ordered, by whom, when and why: in the object store, each version once.

SHELL. A conditional put claims a version, so two operators cannot both make version N: the second
is told. Nothing is overwritten. Roots of trust lie there too. Raises what the store raises, and
`CannotRun` for what is no record. Called by the operator's commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from cloud.confirm.offline import CannotRun
from contract import ijson
from contract.envelope import Envelope, Refusal, read_envelope, write_envelope
from contract.report import Sha256, Wire
from contract.update import UpdateOrder, digest_of, read_order
from contract.validation_errors import first_error
from contract.values import Moment, Sentence, Word
from objectstore.inventory import Inventory
from objectstore.store import NotFound, ObjectStore

CONTENT_TYPE = "application/json"
_MAX_BYTES = 2_000_000

HistoryKind = Literal["config", "model", "root"]


class HistoryRecord(Wire):
    """An order or root as it was published the first time."""

    kind: HistoryKind
    version: Annotated[int, Field(ge=1)]
    digest: Sha256
    published_at: Moment
    published_by: Word
    reason: Sentence
    envelope: str

    def signed(self) -> Envelope:
        """The envelope."""
        found = read_envelope(self.envelope.encode())
        if isinstance(found, Refusal):
            raise CannotRun(f"the record of {self.kind} {self.version} is damaged: {found.detail}")
        return found

    def order(self) -> UpdateOrder:
        """The order in it; of a root there is none."""
        if self.kind == "root":
            raise CannotRun("a root of trust is no order")
        payload = self.signed().payload
        found = read_order(payload, self.kind)
        if isinstance(found, Refusal) or digest_of(payload) != self.digest:
            raise CannotRun(f"the record of {self.kind} {self.version} is damaged")
        return found


@dataclass(frozen=True, slots=True)
class History:
    """The records in a store."""

    store: ObjectStore
    inventory: Inventory

    def versions(self, kind: HistoryKind) -> list[int]:
        """All there are, ascending."""
        prefix = f"updates/{kind}/"
        names = [one.key.removeprefix(prefix) for one in self.inventory.list(prefix)]
        return sorted(int(name[:-5]) for name in names if _is_version(name))

    def read(self, kind: HistoryKind, version: int) -> HistoryRecord:
        """One of them."""
        key = record_key(kind, version)
        try:
            record = HistoryRecord.model_validate(ijson.parse(self.store.get(key, _MAX_BYTES)))
        except NotFound as error:
            raise CannotRun(f"there is no {kind} {version} in the history") from error
        except ValidationError as error:
            raise CannotRun(f"{key} is no record: {first_error(error)}") from error
        except ValueError as error:
            raise CannotRun(f"{key} is no record: {error}") from error
        if (record.kind, record.version) != (kind, version):
            raise CannotRun(f"{key} is the record of {record.kind} {record.version}")
        return record

    def newest_first(self, kind: HistoryKind) -> Iterator[HistoryRecord]:
        """All of them, the newest first."""
        return (self.read(kind, version) for version in reversed(self.versions(kind)))

    def keep(self, record: HistoryRecord) -> None:
        """Claims the version; the very same again is no matter."""
        body = record.model_dump_json(indent=2).encode()
        key = record_key(record.kind, record.version)
        if self.store.put_if_absent(key, body, CONTENT_TYPE) == "created":
            return
        there = self.read(record.kind, record.version)
        if there.digest != record.digest:
            raise CannotRun(
                f"{record.kind} {record.version} was published by {there.published_by} at "
                f"{there.published_at.isoformat(timespec='seconds')} ({there.reason}): sign yours "
                f"as version {max(self.versions(record.kind)) + 1}"
            )


def record_key(kind: HistoryKind, version: int) -> str:
    """`updates/<kind>/<version>.json`."""
    return f"updates/{kind}/{version}.json"


def record_of(
    kind: HistoryKind, version: int, envelope: Envelope, said: tuple[Moment, str, str]
) -> HistoryRecord:
    """The record of an envelope; `said`: when, who, why."""
    at, by, reason = said
    return HistoryRecord(
        kind=kind,
        version=version,
        digest=digest_of(envelope.payload),
        published_at=at,
        published_by=by,
        reason=reason,
        envelope=write_envelope(envelope).decode(),
    )


def _is_version(name: str) -> bool:
    number = name.removesuffix(".json")
    return number != name and number.isdecimal() and number.isascii() and number[0] != "0"
