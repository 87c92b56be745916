"""Who may order what: the root of trust, and what a gateway has accepted so far.

PURE. The rules are TUF's (specification 1.0.34): a root names the keys of each role and how many
must sign; versions never go back, until a key leaves the role, because whoever had it may have
published the highest version there is (section 5.3.11). How a root follows another is
`contract.rotation`'s. The gateway keeps `TrustedState` where no order can overwrite it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contract.envelope import Envelope, Refusal, RefusalReason
from contract.report import Sha256
from contract.signature import TEXT_PREFIX, KeyFlaw, Keyring, key_id_of, public_text, read_public
from contract.statement import Distrust, KeyId
from contract.topics import UpdateKind
from contract.values import Moment, Word

ROOT_TYPE = "application/vnd.stillwatch.root.v1+json"

TrustRole = Literal["root", "config", "model"]
"""For what somebody may sign."""

Version = Annotated[int, Field(ge=1, lt=2**53)]


class Signed(BaseModel):
    """Base of what is signed: immutable; what is not understood whole is not obeyed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RoleKeys(Signed):
    """Who signs for a role."""

    key_ids: Annotated[tuple[Word, ...], Field(min_length=1, max_length=16)] = Field(
        description="Ids of the keys, each once."
    )
    threshold: Annotated[int, Field(ge=1, le=16)] = Field(
        1, description="So many of them must sign."
    )

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if len(set(self.key_ids)) != len(self.key_ids):
            raise ValueError("a key id stands there twice")
        if self.threshold > len(self.key_ids):
            raise ValueError(f"{self.threshold} of {len(self.key_ids)} keys can never sign")
        return self


class Roles(Signed):
    """The keys of each role."""

    root: RoleKeys = Field(description="Signs the next root.")
    config: RoleKeys = Field(description="Signs configurations.")
    model: RoleKeys = Field(description="Signs models.")

    def of(self, role: TrustRole) -> RoleKeys:
        """The keys of `role`."""
        return {"root": self.root, "config": self.config, "model": self.model}[role]


class Root(Signed):
    """The keys that a gateway trusts, and for what."""

    format: Literal[1] = Field(1, description="Version of this format.")
    version: Version = Field(description="Number of the root; the successor has the next.")
    expires_at: Moment = Field(description="From then on only a newer root is accepted.")
    keys: Annotated[dict[str, str], Field(min_length=1, max_length=48)] = Field(
        description="Public keys, `ed25519:` and base64, by their id: the first 16 digits of the "
        "SHA-256 of their 32 bytes."
    )
    roles: Roles = Field(description="Which keys sign for what.")

    model_config = ConfigDict(
        validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key_id, text in self.keys.items():
            _check_key(key_id, text)
        for role in (self.roles.root, self.roles.config, self.roles.model):
            unknown = set(role.key_ids) - set(self.keys)
            if unknown:
                raise ValueError(f"key id {min(unknown)[:64]!r} of a role is not among the keys")
        return self


class Accepted(Signed):
    """The newest order of a kind that was accepted."""

    version: Version
    digest: Sha256


class TrustedState(Signed):
    """What a gateway trusts and has accepted; it is kept as this model's JSON."""

    root: Root
    config: Accepted | None = None
    model: Accepted | None = None

    def accepted(self, kind: UpdateKind) -> Accepted | None:
        """The newest of this kind."""
        return self.config if kind == "config" else self.model

    def with_accepted(self, kind: UpdateKind, version: int, digest: str) -> TrustedState:
        """After an order was accepted: nothing older is."""
        return self.model_copy(update={kind: Accepted(version=version, digest=digest)})

    def with_root(self, root: Root) -> TrustedState:
        """After a rotation: where a key left a role, versions may begin anew."""
        gone = [
            kind
            for kind in get_args(UpdateKind)
            if set(self.root.roles.of(kind).key_ids) - set(root.roles.of(kind).key_ids)
        ]
        return self.model_copy(update={"root": root} | dict.fromkeys(gone))


def verify(envelope: Envelope, root: Root, role: TrustRole) -> Refusal | None:
    """Whether enough keys of `role` signed; the payload is not looked at."""
    trusted = root.roles.of(role)
    keyring = Keyring(read_public(root.keys[one].encode()) for one in trusted.key_ids)
    found = [keyring.distrust(envelope.signed, seal) for seal in envelope.signatures]
    good = {
        seal.key_id for seal, flaw in zip(envelope.signatures, found, strict=True) if flaw is None
    }
    if len(good) >= trusted.threshold:
        return None
    return Refusal(*_why(found, len(good), trusted.threshold, role))


def expired(root: Root, now: datetime) -> Refusal | None:
    """Whether nothing may be accepted any more but a newer root."""
    if now < root.expires_at:
        return None
    detail = f"root of trust {root.version} expired at {root.expires_at.isoformat()}"
    return Refusal(RefusalReason.EXPIRED, detail)


def _why(
    found: Iterable[Distrust | None], good: int, threshold: int, role: TrustRole
) -> tuple[RefusalReason, str]:
    flaws = set(found)
    if not flaws:
        return RefusalReason.UNSIGNED, "nobody signed it"
    if Distrust.FORGED in flaws:
        return RefusalReason.FORGED, f"a signature by a key of role {role} is not over this"
    if good:
        return RefusalReason.BELOW_THRESHOLD, f"{good} of {threshold} keys of role {role} signed"
    return RefusalReason.FOREIGN_KEY, f"no key that signed may sign for role {role}"


def _check_key(key_id: str, text: str) -> None:
    if not text.startswith(TEXT_PREFIX):
        raise ValueError(f"key {key_id[:64]!r} does not begin with {TEXT_PREFIX}")
    try:
        key = read_public(text.encode())
    except (KeyFlaw, UnicodeEncodeError) as error:
        raise ValueError(f"key {key_id[:64]!r}: {error}") from error
    if public_text(key) != text or KeyId(key_id) != key_id_of(key):
        raise ValueError(f"key id {key_id[:64]!r} is not its key's, {key_id_of(key)}")
