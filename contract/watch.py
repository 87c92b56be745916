"""Proof of watch: what a gateway did in one hour with the frames of its cameras, as a signed entry.

PURE. Entries form a chain: each has a number and names the SHA-256 of the payload before it, so one
that is taken away, altered or slipped in later shows (`contract.watch_chain`). An entry is the
payload of a DSSE envelope, signed with the gateway's own Ed25519 key, which the entry names. Where
the gateway is enrolled, its certificate vouches for that key (`contract.watch_binding`). Written by
`edge.watch_proof`, kept by the cloud's workers, checked by `fleet proof`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from contract import ijson
from contract.enrolment import Pem, Proof
from contract.envelope import Envelope, Refusal, RefusalReason, read_envelope, seal, write_envelope
from contract.ids import CameraId
from contract.report import CameraName, GatewayName, Sha256, Wire, absent, empty, nothing
from contract.signature import KeyFlaw, Keyring, Signer, public_text, read_public
from contract.validation_errors import first_error
from contract.values import Age, Count, Moment, Word

WATCH_TYPE = "application/vnd.stillwatch.watch.v1+json"
"""Of the envelope's payload."""

MOST_CAMERAS = 100
"""Of one entry; the shipped cloud broker takes packets of 128 KiB."""

MOST_GAPS = 256
"""Of one entry, all cameras together; the longest stay, and none is left out of `unseen_s`."""

MAX_WATCH_BYTES = 130_000

Closed = Literal["period", "changed", "stopped", "interrupted"]
"""Why an entry ends: its time was over; another configuration or model came into force; the gateway
stopped; it was killed, and this is what was on its disk."""


class UnseenSpan(Wire):
    """A time in which a camera sent nothing."""

    begins: Moment = Field(description="Its last frame before, or the begin of the entry.")
    seconds: Age = Field(description="How long; longer than the gateway's `watch.gap_s`.")


class WatchedCamera(Wire):
    """What became of a camera's frames; what is not there is 0. The law: waiting_before + received
    = rejected + superseded + quiet + analysed + waiting_after."""

    waiting_before: Count = Field(0, exclude_if=nothing, description="Frames in hand at begin.")
    received: Count = Field(0, exclude_if=nothing, description="Frames that came.")
    rejected: Annotated[dict[Word, Count], Field(max_length=64)] = Field(
        default_factory=dict, description="No usable picture, by reason."
    )
    superseded: Count = Field(
        0, exclude_if=nothing, description="Dropped for a newer one, or at the end."
    )
    quiet: Count = Field(0, exclude_if=nothing, description="Nothing moved.")
    analysed: Count = Field(0, exclude_if=nothing, description="The network looked.")
    waiting_after: Count = Field(0, exclude_if=nothing, description="Frames in hand at the end.")
    suspicions: Count = Field(0, exclude_if=nothing, description="Raised.")
    deduplicated: Count = Field(0, exclude_if=nothing, description="Counted in a later report.")
    confirmed: Count = Field(0, exclude_if=nothing, description="Verdicts: a threat.")
    refuted: Count = Field(0, exclude_if=nothing, description="Verdicts: none.")
    inconclusive: Count = Field(0, exclude_if=nothing, description="Verdicts: cannot be known.")
    unconfirmed: Count = Field(0, exclude_if=nothing, description="No verdict in time.")
    lost: Count = Field(0, exclude_if=nothing, description="Suspicions that were not kept.")
    notified: Count = Field(
        0, exclude_if=nothing, description="Verdicts that a broker took, counted for each."
    )
    disarmed_s: Age = Field(0.0, exclude_if=nothing, description="Seconds without alarms.")
    unseen_s: Age = Field(0.0, exclude_if=nothing, description="Seconds in `unseen`, all of them.")
    unseen: Annotated[tuple[UnseenSpan, ...], Field(max_length=MOST_GAPS)] = Field(
        (), exclude_if=empty, description="When it sent nothing, the longest."
    )

    @property
    def imbalance(self) -> int:
        """Frames too many that came, or too few; 0 where the law holds."""
        settled = sum(self.rejected.values()) + self.superseded + self.quiet + self.analysed
        return self.waiting_before + self.received - settled - self.waiting_after


class WatchEntry(Wire):
    """One entry of a gateway's proof of watch."""

    format: Literal[1] = Field(1, description="Version of this record.")
    gateway: GatewayName = Field(description="Whose.")
    key: Word = Field(description="`ed25519:` and the key that signs, in base64.")
    number: Annotated[int, Field(ge=1, lt=2**53)] = Field(description="In the chain, from 1.")
    previous: Sha256 = Field(description="SHA-256 of the payload before; of the first: zeros.")
    run: Word = Field(description="Another for each start of the program.")
    program: Word = Field(description="Version of the program.")
    config_sha256: Word = Field(description="Of the configuration in force.")
    model_sha256: Word = Field(description="Of the network in force.")
    begins: Moment = Field(description="By the gateway's clock.")
    begins_synchronised: bool = Field(description="Whether that clock was to be trusted then.")
    ends: Moment = Field(description="By the gateway's clock.")
    ends_synchronised: bool = Field(description="Whether that clock was to be trusted then.")
    elapsed_s: Age = Field(description="How long by a clock that never jumps.")
    closed: Word = Field(description="Why: `period`, `changed`, `stopped` or `interrupted`.")
    cameras: Annotated[dict[CameraName, WatchedCamera], Field(max_length=MOST_CAMERAS + 8)] = Field(
        description="By id, also those of which nothing came; `_others`: all that have no place."
    )
    certificate: Pem | None = Field(
        None, exclude_if=absent, description="Of the gateway, for the cloud's broker."
    )
    certificate_proof: Proof | None = Field(
        None, exclude_if=absent, description="That certificate's key vouches for `key`."
    )

    def unbalanced(self) -> Mapping[CameraId, int]:
        """The cameras whose frames do not add up, and by how many."""
        return {name: one.imbalance for name, one in self.cameras.items() if one.imbalance}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEntry:
    """An entry with a good signature of the key that it names. `sha256` is what the next one names
    as `previous`; `content` is the envelope."""

    entry: WatchEntry
    sha256: str
    content: bytes


def seal_entry(entry: WatchEntry, signer: Signer) -> SealedEntry:
    """The entry as it is kept and sent."""
    payload = entry.model_dump_json().encode()
    content = write_envelope(seal(WATCH_TYPE, payload, [signer]))
    return SealedEntry(entry=entry, sha256=_sha256(payload), content=content)


def read_sealed(content: bytes) -> SealedEntry | Refusal:
    """The entry in an envelope, or why there is none; never raises. Whether its key is the
    gateway's is for the caller to know."""
    if len(content) > MAX_WATCH_BYTES:
        return Refusal(RefusalReason.TOO_LARGE, f"{len(content)} bytes, over {MAX_WATCH_BYTES}")
    envelope = read_envelope(content)
    if isinstance(envelope, Refusal):
        return envelope
    if envelope.payload_type != WATCH_TYPE:
        return Refusal(RefusalReason.WRONG_KIND, f"{envelope.payload_type[:64]!r}")
    entry = _entry(envelope.payload)
    if isinstance(entry, Refusal):
        return entry
    flaw = _signature_flaw(envelope, entry)
    return flaw or SealedEntry(entry=entry, sha256=_sha256(envelope.payload), content=content)


def key_text(signer: Signer) -> str:
    """As an entry names the key that signs it."""
    return public_text(signer.public)


def _entry(payload: bytes) -> WatchEntry | Refusal:
    try:
        return WatchEntry.model_validate(ijson.parse(payload))
    except ValidationError as error:
        return Refusal(RefusalReason.INVALID, first_error(error))
    except ValueError as error:
        return Refusal(RefusalReason.MALFORMED, str(error))


def _signature_flaw(envelope: Envelope, entry: WatchEntry) -> Refusal | None:
    try:
        keyring = Keyring([read_public(entry.key.encode())])
    except KeyFlaw as error:
        return Refusal(RefusalReason.INVALID, f"key: {error}")
    seals = [one for one in envelope.signatures if one.key_id in keyring.key_ids]
    distrust = keyring.distrust(envelope.signed, seals[0] if seals else None)
    if distrust is None:
        return None
    return Refusal(RefusalReason(distrust.value), f"number {entry.number}: altered, or not its")


def _sha256(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()
