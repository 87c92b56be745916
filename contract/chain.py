"""The chain of a gateway's reports, and the manifest of one report's pictures.

PURE. A gateway numbers what it raises, and each report names the hash of the one before it, so one
that is taken away, altered or slipped in later shows. A manifest is the hash over a report's
pictures in order; a verdict names the manifest of what it judged, so it says nothing about others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Protocol

from contract.ids import GatewayId, ReportId
from contract.report import ChainLink
from contract.signature import statement

START = "0" * 64
"""What the first report of a chain names as the one before it."""

_LINK_DOMAIN = "io.stillwatch.chain.v1"
_MANIFEST = b"stillwatch manifest 1"


class Pictured(Protocol):
    """A picture by its hash."""

    @property
    def sha256(self) -> str: ...


def link_sha256(
    link: ChainLink, gateway: GatewayId, report: ReportId, pictures: Sequence[Pictured]
) -> str:
    """What the next report names as `previous`."""
    covered = [picture.sha256 for picture in pictures[: link.pictures]]
    data = {"link": link.model_dump(mode="json"), "pictures": covered}
    return hashlib.sha256(statement(_LINK_DOMAIN, (gateway, report), data)).hexdigest()


def manifest_sha256(pictures: Sequence[Pictured]) -> str:
    """Hash over all pictures in order."""
    return [*_manifests(pictures)][-1]


def is_about(manifest: str, pictures: Sequence[Pictured]) -> bool:
    """Whether `manifest` is of these pictures, or of the first of them: a report may have grown."""
    return manifest in _manifests(pictures)


def _manifests(pictures: Sequence[Pictured]) -> Iterator[str]:
    digest = hashlib.sha256(_MANIFEST).hexdigest()
    yield digest
    for picture in pictures:
        digest = hashlib.sha256(f"{digest} {picture.sha256}".encode()).hexdigest()
        yield digest
