"""The chain of a gateway's reports, and the manifest of one report.

PURE. A gateway numbers what it raises, and each report names the hash of the one before it, so one
that is taken away, altered or slipped in later shows. A manifest is the hash over what a report
claims (what, where, how severe, whether only a sample) and over its pictures in order; a verdict
names the manifest of what it decided on, so it says nothing about a report that claims anything
else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

from contract.ids import GatewayId, ReportId
from contract.report import ChainLink, ThreatReport
from contract.statement import statement

START = "0" * 64
"""What the first of a chain names as the one before it: of reports, and of a proof of watch."""

_LINK_DOMAIN = "io.stillwatch.chain.v1"
_MANIFEST_DOMAIN = "io.stillwatch.manifest.v1"
_CLAIMED = {"report_id", "gateway", "camera", "label", "severity", "audit", "test", "box"}
_SHOWN = {"role", "key", "sha256", "region", "box"}


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


def manifest_sha256(report: ThreatReport) -> str:
    """Hash over the claim and all pictures."""
    return manifests(report)[-1]


def is_about(manifest: str, report: ThreatReport) -> bool:
    """Whether `manifest` is of this report, or of it before more pictures were asked for: never of
    fewer than it was raised with."""
    least = 0 if report.link is None else report.link.pictures
    return manifest in manifests(report)[least:]


def manifests(report: ThreatReport) -> tuple[str, ...]:
    """The manifest of the report with none of its pictures, with the first, and so on."""
    claim = report.model_dump(mode="json", include=_CLAIMED)
    digests = [hashlib.sha256(statement(_MANIFEST_DOMAIN, (), claim)).hexdigest()]
    for ref in report.evidence:
        shown = ref.model_dump(mode="json", include=_SHOWN)
        digests.append(hashlib.sha256(statement(_MANIFEST_DOMAIN, digests[-1:], shown)).hexdigest())
    return tuple(digests)
