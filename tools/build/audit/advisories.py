"""Which advisories speak of a locked version: osv.dev's records in a file or folder, or the index.

SHELL where it reads or asks. Format of the records: https://ossf.github.io/osv-schema/ (`affected`
with `versions` and `ranges` of type ECOSYSTEM, whose events are sorted by PEP 440). A record that
was withdrawn says nothing. What cannot be asked is a value, `Unknown`, never an empty answer:
nobody shall take silence for health.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")


@dataclass(frozen=True, slots=True, order=True)
class Locked:
    """A package at the version that we install."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """An advisory that speaks of a locked version."""

    package: Locked
    id: str
    also: tuple[str, ...]
    fixed_in: tuple[str, ...]
    summary: str

    def __str__(self) -> str:
        names = ", ".join((self.id, *self.also))
        remedy = f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "no fix is known"
        return f"{self.package.name} {self.package.version}: {names}: {self.summary} ({remedy})"


def locked_in(text: str) -> frozenset[Locked]:
    """The pinned packages of a lock file."""
    found = (_PINNED.match(line) for line in text.splitlines())
    return frozenset(Locked(canonicalize_name(one[1]), one[2]) for one in found if one)


def holes(packages: Iterable[Locked], records: Iterable[Mapping[str, Any]]) -> Iterator[Hole]:
    """What of the packages the records speak of."""
    by_name = {package.name: package for package in packages}
    for record in records:
        if record.get("withdrawn"):
            continue
        for affected in record.get("affected", ()):
            package = by_name.get(_name(affected))
            if package is not None and _speaks_of(affected, package.version):
                yield _hole(package, record, affected)


def of_pypi(record: Mapping[str, Any]) -> bool:
    """Whether the record is about a Python package at all."""
    return any(_name(affected) for affected in record.get("affected", ()))


def _name(affected: Mapping[str, Any]) -> str:
    about = affected.get("package", {})
    return canonicalize_name(about.get("name", "")) if about.get("ecosystem") == "PyPI" else ""


def _speaks_of(affected: Mapping[str, Any], version: str) -> bool:
    if version in affected.get("versions", ()):
        return True
    ranges = (one for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM")
    return any(_within(one.get("events", ()), version) for one in ranges)


def _within(events: Iterable[Mapping[str, str]], version: str) -> bool:
    """Whether the last event at or before `version` opens the hole; what cannot be read does."""
    inside = False
    try:
        here = Version(version)
        for kind, at in sorted(_flat(events), key=lambda event: event[1]):
            if at <= here:
                inside = kind == "introduced" or (kind == "last_affected" and at == here)
    except InvalidVersion:
        return True
    return inside


def _flat(events: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, Version]]:
    return ((kind, Version(at)) for event in events for kind, at in event.items())


def _hole(package: Locked, record: Mapping[str, Any], affected: Mapping[str, Any]) -> Hole:
    events = [event for one in affected.get("ranges", ()) for event in one.get("events", ())]
    return Hole(
        package=package,
        id=str(record.get("id", "?")),
        also=tuple(record.get("aliases", ())),
        fixed_in=tuple(event["fixed"] for event in events if "fixed" in event),
        summary=str(record.get("summary") or str(record.get("details", ""))[:100] or "no words"),
    )


INDEX = "https://pypi.org"
PATIENCE_S = 20.0
"""For one answer of the index."""
DOWNLOAD = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A package about which nothing could be learnt, and why."""

    package: Locked
    reason: str


def records_of(path: Path) -> Iterator[Mapping[str, Any]]:
    """Every record of a zip (osv.dev's all.zip), a folder of JSON files, or one JSON file."""
    if path.is_dir():
        for file in sorted(path.rglob("*.json")):
            yield _read(file.read_bytes())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield _read(archive.read(name))
    else:
        yield _read(path.read_bytes())


def of_index(package: Locked, index: str = INDEX) -> tuple[Hole, ...] | Unknown:
    """What the index's JSON of this very version says; Unknown unless it answers with its list."""
    address = f"{index}/pypi/{package.name}/{package.version}/json"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:  # noqa: S310, http(s)
            facts = json.load(answer)
    except urllib.error.HTTPError as error:
        return Unknown(package, f"the index answered {error.code}")
    except (OSError, ValueError) as error:
        return Unknown(package, f"the index cannot be asked: {error}")
    if not isinstance(facts, dict) or not isinstance(facts.get("vulnerabilities"), list):
        return Unknown(package, "the index says nothing of vulnerabilities")
    valid = (one for one in facts["vulnerabilities"] if not one.get("withdrawn"))
    return tuple(_advisory(package, one) for one in valid)


def _advisory(package: Locked, facts: Mapping[str, Any]) -> Hole:
    return Hole(
        package=package,
        id=str(facts.get("id", "?")),
        also=tuple(facts.get("aliases") or ()),
        fixed_in=tuple(facts.get("fixed_in") or ()),
        summary=str(facts.get("summary") or str(facts.get("details", ""))[:100] or "no words"),
    )


def _read(body: bytes) -> Mapping[str, Any]:
    record = json.loads(body)
    if not isinstance(record, dict):
        raise TypeError("a record of osv.dev is a JSON object")
    return record
