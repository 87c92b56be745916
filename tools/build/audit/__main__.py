"""Holds the locked versions against known vulnerabilities.

Exit status: 0 all were checked and none is known to be vulnerable; 1 some are; 3 some could not be
checked, which is no all-clear. What the images take from Debian is not looked at: their SBOM
(docs/images.md) names it for a scanner of images.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools import CHECKOUT
from tools.build.audit.advisories import (
    DOWNLOAD,
    INDEX,
    Hole,
    Locked,
    Unknown,
    holes,
    locked_in,
    of_index,
    of_pypi,
    records_of,
)

REQUIREMENTS = CHECKOUT / "requirements"
SHIPPED = ("edge", "systemd", "cloud", "slim")
"""The locks of what runs at a user's; `dev` and the others build and test."""

CLEAR, VULNERABLE, UNCHECKED = 0, 1, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what is known; returns the exit status."""
    options = _parser().parse_args(arguments)
    locks = options.lock or [REQUIREMENTS / f"{name}.lock" for name in SHIPPED]
    packages = sorted(frozenset().union(*(locked_in(lock.read_text()) for lock in locks)))
    found, unknown = _ask(packages, options.advisories, options.index)
    for hole in found:
        print(hole)
    for one in unknown:
        print(f"{one.package.name} {one.package.version}: NOT CHECKED: {one.reason}")
    source = options.advisories or options.index
    asked = len(packages) - len(unknown)
    share = f"{asked} of {len(packages)} locked packages"
    print(f"{share} checked against {source}: {len(found)} holes")
    if unknown:
        print(f"without the index: download {DOWNLOAD} and give it as --advisories")
    return VULNERABLE if found else UNCHECKED if unknown else CLEAR


def _ask(
    packages: Sequence[Locked], advisories: Path | None, index: str
) -> tuple[list[Hole], list[Unknown]]:
    if advisories is not None:
        records = [record for record in records_of(advisories) if of_pypi(record)]
        empty = f"{advisories} holds no record about PyPI"
        unknown = [] if records else [Unknown(package, empty) for package in packages]
        return list(holes(packages, records)), unknown
    return _sorted(of_index(package, index) for package in packages)


def _sorted(answers: Iterable[tuple[Hole, ...] | Unknown]) -> tuple[list[Hole], list[Unknown]]:
    found: list[Hole] = []
    unknown: list[Unknown] = []
    for answer in answers:
        if isinstance(answer, Unknown):
            unknown.append(answer)
        else:
            found.extend(answer)
    return found, unknown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.build.audit", description=__doc__)
    parser.add_argument("--lock", type=Path, action="append", help="a lock file (default: shipped)")
    parser.add_argument("--advisories", type=Path, help="osv.dev's records: zip, folder or file")
    parser.add_argument("--index", default=INDEX, help="the index whose JSON is asked otherwise")
    return parser


if __name__ == "__main__":
    sys.exit(main())
