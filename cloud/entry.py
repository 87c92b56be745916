"""A verdict as it is stored: with the manifest of what was judged, its place in the chain, signed.

PURE. The entry is the verdict's JSON with more fields beside its own, so that workers from before
read it as the verdict that it is. The signature is over all the rest of the entry. Called by
`ledger`, and by whoever checks or prunes the store.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from contract import ijson
from contract.chain import manifest_sha256
from contract.flaws import first_flaw
from contract.report import ChainLink, Sha256, ThreatReport, Wire
from contract.signature import Distrust, Keyring, Signer, seal_in, statement
from contract.verdict import Verdict

KEY_ID, SIGNATURE = "signaturekey", "signature"
_DOMAIN = "io.stillwatch.ledger.v1"


class Picture(Wire):
    """One picture that the report named."""

    key: Annotated[str, Field(max_length=512)]
    sha256: Sha256
    bytes: Annotated[int, Field(gt=0)]


class Entry(Verdict):
    """What stands in the store; entries from before have neither pictures nor chain."""

    entry: Literal[1] = 1
    pictures: Annotated[tuple[Picture, ...], Field(max_length=16)] = ()
    link: ChainLink | None = None

    def verdict(self) -> Verdict:
        """As it is told."""
        return Verdict.model_validate(self.model_dump())


class EntryFlaw(StrEnum):
    """Why what lies in a verdict's place is none; beside the reasons of `Distrust`."""

    MALFORMED = "malformed"
    OTHER_REPORT = "other_report"


Refusal = tuple[EntryFlaw | Distrust, str]
"""Why, and the same in words."""


def entry_of(verdict: Verdict, report: ThreatReport) -> Entry:
    """The entry for a verdict on `report`."""
    pictures = tuple(
        Picture(key=ref.key, sha256=ref.sha256, bytes=ref.bytes) for ref in report.evidence
    )
    return Entry.model_validate(verdict.model_dump() | {"pictures": pictures, "link": report.link})


def on_report(verdict: Verdict, report: ThreatReport) -> Verdict:
    """The verdict, saying which pictures it is about, and how old the suspicion was."""
    manifest = manifest_sha256(report.evidence)
    return verdict.model_copy(update={"manifest": manifest, "age_s": report.age_s})


def encode(entry: Entry, signer: Signer | None) -> bytes:
    """As it is stored."""
    values: dict[str, object] = entry.model_dump(mode="json")
    if signer is not None:
        seal = signer.seal(_statement(values))
        values |= {KEY_ID: seal.key_id, SIGNATURE: seal.signature}
    return json.dumps(values, indent=2, allow_nan=False).encode()


def decode(stored: bytes, keyring: Keyring | None) -> Entry | Refusal:
    """The entry, or why it is none; without keys any signature will do, and none."""
    try:
        values = ijson.parse(stored)
        entry = Entry.model_validate(values)
    except ValidationError as error:
        return EntryFlaw.MALFORMED, first_flaw(error)
    except ValueError as error:
        return EntryFlaw.MALFORMED, f"no JSON: {error}"
    if keyring is not None and isinstance(values, dict):
        seal = seal_in(values, KEY_ID, SIGNATURE)
        try:
            reason = keyring.distrust(_statement(values), seal)
        except ValueError:
            reason = Distrust.FORGED
        if reason is not None:
            return reason, "no key" if seal is None else f"key {seal.key_id[:64]!r}"
    return entry


def _statement(values: Mapping[str, object]) -> bytes:
    said = {name: value for name, value in values.items() if name not in {KEY_ID, SIGNATURE}}
    return statement(_DOMAIN, (), said)
