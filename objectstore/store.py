"""What an object store must do for us, and how it may fail.

An object is written once: the first writer decides, and whoever comes later learns it; only one
that was damaged where it lies is written again. That makes every retry safe and is how cloud
workers claim a report. Errors are grouped by what the caller does: try a transient one again later;
a permanent one needs somebody to change something first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

Put = Literal["created", "exists"]

MAX_KEY_CHARS = 512
_PART = re.compile(r"[A-Za-z0-9_+=,@-][A-Za-z0-9_+=,@.-]{0,199}")


class StoreError(Exception):
    """The store could not do what was asked; the text says what, where and why."""


class TransientStoreError(StoreError):
    """Network, time-out, overload, full disk: the same call may succeed later."""


class PermanentStoreError(StoreError):
    """Refused for good: rights, key, size, configuration. The same call will fail again."""


class NotFound(PermanentStoreError):
    """There is no object under that key."""


class TooLarge(PermanentStoreError):
    """The object has more bytes than the caller would take."""


class ObjectStore(Protocol):
    """Implementations are safe to use from several threads at once."""

    def put_if_absent(self, key: str, body: bytes, content_type: str) -> Put:
        """Durable on return. `exists`: somebody's object is there already and stays as it is."""
        ...

    def get(self, key: str, max_bytes: int) -> bytes:
        """The whole object; raises `NotFound`, and `TooLarge` over `max_bytes`."""
        ...

    def replace(self, key: str, body: bytes, content_type: str) -> None:
        """Durable on return, in place of whatever lies there: for a key that names its very bytes
        and was found to hold others. Nothing else is ever overwritten."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPart:
    """An object from byte `begin` to its end, as it comes; `size` is of the whole object, if known.

    `etag` names its very bytes, or is empty: then it cannot be continued. `chunks` raises
    `TransientStoreError` where the answer breaks off; what came until then is good.
    """

    begin: int
    size: int | None
    etag: str
    chunks: Iterator[bytes]


class ResumableStore(ObjectStore, Protocol):
    """A store in which reading goes on where it broke off."""

    def read_from(self, key: str, begin: int, etag: str) -> AbstractContextManager[ObjectPart]:
        """From byte `begin` on, if the object still is that of `etag`; else it begins at 0.

        Raises as `get` does.
        """
        ...


def check_key(key: str) -> None:
    """Raises `PermanentStoreError` unless `key` means the same in S3 and as a path below a folder.

    Parts between slashes are of `A-Z a-z 0-9 _ + = , @ . -` and start with no dot, so there is no
    `..`, no absolute path, no empty part and no hidden file.
    """
    if len(key) > MAX_KEY_CHARS or not all(_PART.fullmatch(part) for part in key.split("/")):
        raise PermanentStoreError(f"key {key[:MAX_KEY_CHARS]!r} is not one that the store accepts")
