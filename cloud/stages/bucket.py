"""The trees of a stage in a bucket: `s3://BUCKET/PREFIX` as input or output.

SHELL. A picture is fetched when it is its turn, into a folder that holds no second one, so an
archive may be larger than the disk. Names that a key cannot have are written with `=` and the byte
in hex. Called by `command`.
"""

from __future__ import annotations

import re
import threading
from datetime import datetime
from pathlib import Path

from cloud.confirm.offline import CannotRun
from cloud.stages.tree import InputTree, OutputTree, Unread
from objectstore.tree_s3 import S3Place, S3Tree, parse_place
from service.clock import SystemClock

_ODD = re.compile(rb"[^A-Za-z0-9_+,@./-]|(?<![^/])\.")
"""What a key may not have, and a dot at the begin of a part."""
_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv",
    ".eml": "message/rfc822",
}


def _wait(wait_s: float) -> None:
    SystemClock().wait(threading.Event(), wait_s)


class BucketInput(InputTree):
    """What lies below the prefix; every object is a file, and there are no links."""

    def __init__(self, place: S3Place, workspace: Path) -> None:
        self.root = Path(f"s3:/{place.bucket}/{place.prefix}")
        self.place = place
        self._tree = S3Tree(place, _wait)
        self._file = workspace / "fetched"
        self._fetched: str | None = None
        self._times: dict[str, datetime] = {}

    def names(self, below: str = "") -> list[str]:
        self._times |= dict(self._tree.list(f"{below}/" if below else ""))
        return sorted(name for name in self._times if not below or name.startswith(f"{below}/"))

    def has_folder(self, name: str) -> bool:
        return next(self._tree.list(f"{name}/"), None) is not None

    def modified_at(self, name: str) -> datetime:
        return self._times[name]

    def locate(self, name: str) -> Path | Unread:
        """A file with the object's bytes, until the next call."""
        if self._fetched != name:
            self._fetched = None
            self._tree.fetch(name, self._file)
            self._fetched = name
        return self._file


class BucketOutput(OutputTree):
    """Objects below the prefix; folders need no making."""

    def __init__(self, place: S3Place, source: InputTree) -> None:
        if isinstance(source, BucketInput) and source.place.bucket == place.bucket:
            ours, theirs = place.prefix, source.place.prefix
            if ours.startswith(theirs) or theirs.startswith(ours):
                raise CannotRun(
                    f"input {source.place.text} and output {place.text} lie in each other"
                )
        self._root = Path(f"s3:/{place.bucket}/{place.prefix}")
        self._written: set[str] = set()
        self._tree = S3Tree(place, _wait)

    def folder(self, name: str) -> Path:
        return self._root / name

    def write(self, name: str, body: bytes) -> None:
        self._once(name)
        key = _ODD.sub(lambda odd: b"=%02X" * len(odd[0]) % tuple(odd[0]), name.encode())
        self._tree.put(
            key.decode(), body, _TYPES.get(Path(name).suffix, "application/octet-stream")
        )

    def place(self, name: str, source: Path, *, copy: bool) -> None:
        """`name` with the bytes of `source`; a bucket has no links, so always a copy."""
        del copy
        self.write(name, source.read_bytes())


def open_input(named: str, workspace: Path) -> InputTree:
    """What lies at `s3://BUCKET/PREFIX?..`; pictures are fetched into `workspace`."""
    return BucketInput(parse_place(named), workspace)


def open_output(named: str, source: InputTree) -> OutputTree:
    """For the results of a stage that reads `source`."""
    return BucketOutput(parse_place(named), source)
