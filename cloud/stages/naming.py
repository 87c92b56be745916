"""The archive's file names: `<device>_<unix time>.jpg`.

PURE. A device has the grammar of a camera's id, so it can stand in paths and ids; the time is whole
seconds, written in one way only, so that a name and what it means are one to one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from contract.ids import CameraId, is_name

PATTERN = "<device>_<unix time>.jpg"
_NAME = re.compile(r"(?P<device>.+)_(?P<unix_s>0|[1-9][0-9]{0,9})\.jpg")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveName:
    """Which device took a picture, and when."""

    device: CameraId
    unix_s: int

    @property
    def stem(self) -> str:
        return f"{self.device}_{self.unix_s}"

    @property
    def text(self) -> str:
        return f"{self.stem}.jpg"

    @property
    def captured_at(self) -> datetime:
        return datetime.fromtimestamp(self.unix_s, UTC)

    @property
    def folder(self) -> str:
        """`<device>/<yyyy-mm-dd>`, the day in UTC: how every tree of the batch path is laid out."""
        return f"{self.device}/{self.captured_at:%Y-%m-%d}"


def parse_name(file_name: str) -> ArchiveName | None:
    """The name taken apart, or None if it is spelled otherwise."""
    match = _NAME.fullmatch(file_name)
    if match is None or not is_name(match["device"]):
        return None
    return ArchiveName(device=CameraId(match["device"]), unix_s=int(match["unix_s"]))


def archive_name(file_name: str) -> ArchiveName:
    """The same for a name that must be one; raises `ValueError`."""
    named = parse_name(file_name)
    if named is None:
        raise ValueError(f"{file_name!r} is not {PATTERN}")
    return named
