"""What those who check or prune a whole store need beside reading it: to list and to remove.

SHELL. Gateways and workers never do any of it, and their credentials should not let them; see
`docs/security.md`. Both implementations pass one conformance suite. Called by the cloud's
subcommands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from objectstore.open import read_spec
from objectstore.s3_client import S3Settings, client_of, failed, refused
from objectstore.store import check_key
from objectstore.store_dir import said


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object without its bytes; `modified_at` is the store's word."""

    key: str
    bytes: int
    modified_at: datetime


class Inventory(Protocol):
    """The whole of a store."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Every object whose key begins so, in the order of the keys."""
        ...

    def remove(self, key: str) -> None:
        """Gone, also if it never was there."""
        ...


def open_inventory(spec: str) -> Inventory:
    """Of the store that `spec` describes, as `objectstore.open` takes it."""
    match read_spec(spec):
        case Path() as folder:
            return DirectoryInventory(folder)
        case s3:
            return S3Inventory(s3)


class DirectoryInventory:
    """Files below `root`; what begins with a dot is no object."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, prefix: str) -> Iterator[StoredObject]:
        with said(f"cannot list {prefix} in {self._root}"):
            yield from self._below(self._root, prefix)

    def remove(self, key: str) -> None:
        check_key(key)
        with said(f"cannot remove {key} in {self._root}"):
            (self._root / key).unlink(missing_ok=True)

    def _below(self, folder: Path, prefix: str) -> Iterator[StoredObject]:
        gone = folder != self._root and not folder.is_dir()  # retention removes empty ones
        entries = [] if gone else list(os.scandir(folder))
        # as S3 orders keys: a folder counts with the slash behind its name
        for entry in sorted(entries, key=lambda one: one.name + "/" * one.is_dir()):
            key = Path(entry.path).relative_to(self._root).as_posix()
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir():
                if f"{key}/".startswith(prefix) or prefix.startswith(f"{key}/"):
                    yield from self._below(Path(entry.path), prefix)
            elif key.startswith(prefix):
                facts = entry.stat()
                yield StoredObject(key, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))


class S3Inventory:
    """Objects of one bucket. With versioning on, what is removed stays as a version."""

    def __init__(self, settings: S3Settings) -> None:
        self._bucket = settings.bucket
        self._client = client_of(settings)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for found in page.get("Contents", ()):
                    yield StoredObject(found["Key"], found["Size"], found["LastModified"])
        except ClientError as error:
            refused(self._bucket, prefix, error)
        except BotoCoreError as error:
            failed(self._bucket, prefix, error)

    def remove(self, key: str) -> None:
        check_key(key)
        try:
            self._client.delete_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            refused(self._bucket, key, error)
        except BotoCoreError as error:
            failed(self._bucket, key, error)
