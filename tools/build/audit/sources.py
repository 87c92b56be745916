"""Where advisories come from: osv.dev's records in a file or folder, or what the index says.

SHELL. What cannot be asked is a value, `Unknown`, never an empty answer: nobody shall take silence
for health.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.build.audit.advisories import Hole, Locked

INDEX = "https://pypi.org"
PATIENCE_S = 20.0
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
    told = (one for one in facts["vulnerabilities"] if not one.get("withdrawn"))
    return tuple(_advisory(package, one) for one in told)


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
