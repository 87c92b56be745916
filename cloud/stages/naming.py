"""The archive's file names: `<device>_<unix time>.jpg`, or `.png`.

PURE. A device has the grammar of a camera's id, so it can stand in paths and ids; the time is whole
seconds, written in one way only, so that a name and what it means are one to one. Evidence of live
gateways, of which several pictures may be of one second, has the first digits of its hash behind
the time. How other spellings become such names: `spellings`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from contract.ids import CameraId, is_name

PATTERN = "<device>_<unix time>.jpg"
DIGEST_CHARS = 16
_NAME = re.compile(
    r"(?P<device>.+)_(?P<unix_s>0|[1-9][0-9]{0,9})(-(?P<digest>[0-9a-f]{16}))?"
    r"\.(?P<suffix>jpg|png)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveName:
    """Which device took a picture, and when."""

    device: CameraId
    unix_s: int
    digest: str = ""
    """The first `DIGEST_CHARS` of the picture's SHA-256, where the time alone names several."""
    suffix: Literal["jpg", "png"] = "jpg"

    @property
    def stem(self) -> str:
        return f"{self.device}_{self.unix_s}{self.digest and '-'}{self.digest}"

    @property
    def text(self) -> str:
        return f"{self.stem}.{self.suffix}"

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
    return ArchiveName(
        device=CameraId(match["device"]),
        unix_s=int(match["unix_s"]),
        digest=match["digest"] or "",
        suffix="png" if match["suffix"] == "png" else "jpg",
    )


def archive_name(file_name: str) -> ArchiveName:
    """The same for a name that must be one; raises `ValueError`."""
    named = parse_name(file_name)
    if named is None:
        raise ValueError(f"{file_name!r} is not {PATTERN}")
    return named
