"""A part of a bucket as the batch path needs it: list, fetch and overwrite, under any names.

SHELL. Unlike an `ObjectStore` it takes keys as others made them, and replaces what it wrote before.
What may succeed later is tried a few times, since nobody else tries again. Called by the archive's
stages and its feeder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from objectstore.inventory import S3Inventory
from objectstore.open import read_s3
from objectstore.s3_client import client_of, failed, refused
from objectstore.store import PermanentStoreError, TransientStoreError
from objectstore.store_s3 import S3Store

_CHUNK = 1 << 20
_WAITS_S = (1.0, 4.0, 10.0)
"""Before the second try and so on: a restart of a small server, not an outage."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class S3Place:
    """`s3://BUCKET/PREFIX?key=value&..`; `prefix` ends with a slash, or is empty."""

    spec: str
    bucket: str
    prefix: str

    @property
    def text(self) -> str:
        """Without the query, for people."""
        return f"s3://{self.bucket}/{self.prefix}"


def parse_place(text: str) -> S3Place:
    """The place that `text` names; raises `PermanentStoreError`."""
    location, mark, query = text.removeprefix("s3://").partition("?")
    bucket, _, prefix = location.partition("/")
    spec = f"{bucket}{mark}{query}"
    read_s3(spec)
    path = prefix.strip("/")
    if any(part in {"", ".", ".."} for part in path.split("/")) and path:
        raise PermanentStoreError(f"{text!r}: the prefix has an empty part or dots alone")
    return S3Place(spec=spec, bucket=bucket, prefix=f"{path}/" if path else "")


class S3Tree:
    """Objects below one prefix; names are relative to it. `wait` lets so many seconds pass."""

    def __init__(self, place: S3Place, wait: Callable[[float], object]) -> None:
        settings = read_s3(place.spec)
        self.place = place
        self._wait = wait
        self._client = client_of(settings)
        self._inventory = S3Inventory(settings)
        self._store = S3Store(settings)

    def list(self, below: str = "") -> Iterator[tuple[str, datetime]]:
        """Name and time of every object whose name begins with `below`, in the order of keys;
        what stands for a folder is passed over."""
        for found in self._inventory.list(f"{self.place.prefix}{below}"):
            if not found.key.endswith("/"):
                yield found.key[len(self.place.prefix) :], found.modified_at

    def fetch(self, name: str, file: Path) -> None:
        """The object's bytes as `file`."""
        self._persistently(lambda: self._fetch(f"{self.place.prefix}{name}", file))

    def put(self, name: str, body: bytes, content_type: str) -> None:
        """Durable on return, in place of an older one."""
        key = f"{self.place.prefix}{name}"
        self._persistently(lambda: self._store.replace(key, body, content_type))

    def _fetch(self, key: str, file: Path) -> None:
        try:
            answer = self._client.get_object(Bucket=self.place.bucket, Key=key)
            with answer["Body"] as body, file.open("wb") as opened:
                while piece := body.read(_CHUNK):
                    opened.write(piece)
        except ClientError as error:
            refused(self.place.bucket, key, error)
        except BotoCoreError as error:
            failed(self.place.bucket, key, error)
        if file.stat().st_size != answer.get("ContentLength"):
            raise TransientStoreError(f"{self.place.bucket}/{key} broke off")

    def _persistently(self, call: Callable[[], Answer]) -> Answer:
        for wait_s in _WAITS_S:
            try:
                return call()
            except TransientStoreError:
                self._wait(wait_s)
        return call()
