"""A verdict as it is stored: with the manifest of what it is about, its place in the chain, signed.

PURE. The entry is the verdict's JSON with more fields beside its own, so that workers from before
read it as the verdict that it is. The signature is over all the rest of the entry. Called by
`ledger`, and by whoever checks or prunes the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from cloud.verdicts import sealed
from cloud.verdicts.sealed import RecordRefusal
from contract.chain import manifest_sha256
from contract.report import ChainLink, Sha256, ThreatReport, Wire
from contract.verdict import Verdict

if TYPE_CHECKING:
    from contract.signature import Keyring, Signer

_DOMAIN = "io.stillwatch.ledger.v1"


class NamedPicture(Wire):
    """One picture that the report named."""

    key: Annotated[str, Field(max_length=512)]
    sha256: Sha256
    bytes: Annotated[int, Field(gt=0)]


class LedgerEntry(Verdict):
    """What stands in the store; entries from before have neither pictures nor chain."""

    entry: Literal[1] = 1
    pictures: Annotated[tuple[NamedPicture, ...], Field(max_length=16)] = ()
    link: ChainLink | None = None

    def verdict(self) -> Verdict:
        """As it is published."""
        return Verdict.model_validate(self.model_dump())


def entry_of(verdict: Verdict, report: ThreatReport) -> LedgerEntry:
    """The entry for a verdict on `report`."""
    pictures = tuple(
        NamedPicture(key=ref.key, sha256=ref.sha256, bytes=ref.bytes) for ref in report.evidence
    )
    return LedgerEntry.model_validate(
        verdict.model_dump() | {"pictures": pictures, "link": report.link}
    )


def on_report(verdict: Verdict, report: ThreatReport) -> Verdict:
    """The verdict, saying which pictures it is about, and how old the suspicion was."""
    manifest = manifest_sha256(report)
    return verdict.model_copy(update={"manifest": manifest, "age_s": report.age_s})


def encode(entry: LedgerEntry, signer: Signer | None) -> bytes:
    """As it is stored."""
    return sealed.encode(_DOMAIN, entry, signer)


def decode(stored: bytes, keyring: Keyring | None) -> LedgerEntry | RecordRefusal:
    """The entry, or why it is none."""
    return sealed.decode(_DOMAIN, LedgerEntry, stored, keyring)
