"""How files are spelled in archives of others, and the archive name that each gets.

PURE. Three spellings: our own, with `.JPG`, `.jpeg` and `.png` as well; a pattern that the operator
gives; and the keys of live evidence, so that a copy of a store's `evidence/` is an archive. Called
by `validate`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Literal

from cloud.stages.naming import DIGEST_CHARS, ArchiveName, parse_name
from contract.ids import CameraId, GatewayId, id_of
from contract.keys import EvidenceKey, parse_evidence_key

_SUFFIXES: dict[str, Literal["jpg", "png"]] = {
    ".jpg": "jpg", ".jpeg": "jpg", ".jpe": "jpg", ".png": "png"
}  # fmt: skip
_PARTS = {
    "device": r"(?P<device>[^/]{1,200}?)",
    "unix": r"(?P<unix>[0-9]{1,10})",
    "year": r"(?P<year>[0-9]{4})",
    **{one: rf"(?P<{one}>[0-9]{{2}})" for one in ("month", "day", "hour", "minute", "second")},
    "*": r"[^/]*?",
}
_TOKEN = re.compile(r"\{([a-z]*)\}|(\*)")
_KEY_LEVELS = 6
"""Of the parts of an evidence key, without `evidence`: a copy may have another name."""
LONGEST_PATTERN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePattern:
    """A spelling such as `{device}/{year}-{month}-{day}/{hour}{minute}{second}*`; times in UTC."""

    text: str
    expression: re.Pattern[str]
    levels: int

    def parse(self, path: PurePosixPath) -> ArchiveName | None:
        """The archive name of the picture at `path`, or None if it is spelled otherwise."""
        suffix = _SUFFIXES.get(path.suffix.lower())
        tail = "/".join(path.with_suffix("").parts[-self.levels :])
        match = self.expression.fullmatch(tail)
        device = id_of(match["device"]) if match else None
        if suffix is None or match is None or device is None:
            return None
        unix_s = _seconds(match.groupdict())
        if unix_s is None:
            return None
        return ArchiveName(device=CameraId(device), unix_s=unix_s, suffix=suffix)


def name_pattern(text: str) -> NamePattern:
    """The pattern of such a spelling; raises `ValueError` with what is wrong."""
    found = [first or second for first, second in _TOKEN.findall(text)]
    unknown = sorted(set(found) - _PARTS.keys())
    named = [one for one in found if one != "*"]
    if unknown or len(set(named)) < len(named) or len(text) > LONGEST_PATTERN:
        raise ValueError(f"{text!r}: each of {{{'}, {'.join(list(_PARTS)[:-1])}}} at most once")
    if "device" not in named or not (
        {"unix"} <= set(named) or {"year", "month", "day"} <= {*named}
    ):
        raise ValueError(f"{text!r} needs {{device}}, and {{unix}} or {{year}}, {{month}}, {{day}}")
    pieces, at = [], 0
    for match in _TOKEN.finditer(text):
        pieces += [re.escape(text[at : match.start()]), _PARTS[match[1] or "*"]]
        at = match.end()
    expression = re.compile("".join([*pieces, re.escape(text[at:])]), re.ASCII)
    return NamePattern(text=text, expression=expression, levels=text.count("/") + 1)


def own_name(path: PurePosixPath) -> ArchiveName | None:
    """`<device>_<unix time>` with any usual suffix of a JPEG or PNG, in small letters or not."""
    suffix = _SUFFIXES.get(path.suffix.lower())
    return None if suffix is None else parse_name(f"{path.stem}.{suffix}")


def evidence_of(path: PurePosixPath) -> EvidenceKey | None:
    """The key under which a store had the file at `path`; the parts above it do not matter."""
    return parse_evidence_key("/".join(("evidence", *path.parts[-_KEY_LEVELS:])))


def evidence_name(key: EvidenceKey, modified_at: datetime) -> ArchiveName:
    """The archive name of live evidence: the device is `<gateway>_<camera>`.

    The key knows the day. The time is that of the file if it lies within that day, as it does in a
    store and in copies that keep times; else the day's begin.
    """
    begin = datetime(key.day.year, key.day.month, key.day.day, tzinfo=UTC)
    exact = modified_at.astimezone(UTC).date() == key.day
    return ArchiveName(
        device=_device(key.gateway, key.camera),
        unix_s=max(0, int((modified_at if exact else begin).timestamp())),
        digest=key.sha256[:DIGEST_CHARS],
    )


def _device(gateway: GatewayId, camera: CameraId) -> CameraId:
    """Both names; what is too long for an id ends in its hash."""
    name = f"{gateway}_{camera}"
    if len(name) <= 64:
        return CameraId(name)
    return CameraId(f"{name[:55]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}")


def _seconds(given: dict[str, str | None]) -> int | None:
    """Seconds since 1970; None for a day that no calendar has."""
    if given.get("unix"):
        return int(given["unix"] or 0)
    parts = ("year", "month", "day", "hour", "minute", "second")
    year, month, day, hour, minute, second = (int(given.get(one) or 0) for one in parts)
    try:
        unix_s = int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return None
    return unix_s if unix_s >= 0 else None
