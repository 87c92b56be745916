"""How suspicions go out: the evidence's store, the outbox, reports and verdicts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from contract.topics import DEFAULT_ROOT
from edge.config.audit import AuditConfig
from edge.config.evidence import EvidenceConfig
from edge.config.values import Name, PublicKey, Section
from service.sections import BrokerConfig


class DirStoreConfig(Section):
    """A directory as object store (also a network mount)."""

    type: Literal["dir"] = "dir"
    path: Path = Field(Path("var/store"), description="Root of the store.")
    max_bytes: int = Field(
        2_000_000_000,
        ge=1_000_000,
        le=100_000_000_000_000,
        description="Quota; the oldest evidence goes first, then the oldest verdicts.",
    )
    min_free_bytes: int = Field(
        200_000_000,
        ge=0,
        le=1_000_000_000_000,
        description="Space that is left free on its disk, whatever the quota allows.",
    )
    evidence_max_age_s: float = Field(
        2_592_000.0,
        ge=3600,
        le=315_360_000,
        description="Pictures are deleted after this (30 days).",
    )
    verdicts_max_age_s: float = Field(
        31_536_000.0,
        ge=3600,
        le=315_360_000,
        description="Verdicts are deleted after this (a year).",
    )


def _bucket(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value) is None:
        raise ValueError(f"{value!r} is no bucket's name: letters, digits, dots, - and _ alone")
    return value


class S3StoreConfig(Section):
    """An S3-compatible object store; credentials by boto3's usual chain or a file."""

    type: Literal["s3"]
    bucket: Annotated[str, AfterValidator(_bucket)] = Field(
        min_length=3, max_length=63, description="Bucket, which must exist."
    )
    endpoint_url: str | None = Field(None, description="Absent: AWS.")
    region: str = Field("us-east-1", description="Region.")
    credentials_file: Path | None = Field(
        None, description="INI file with aws_access_key_id and aws_secret_access_key."
    )
    timeout_s: float = Field(10.0, ge=1, le=300, description="Connect and read timeout.")
    ca_file: Path | None = Field(
        None, description="PEM of the authority of an https endpoint; absent: the usual ones."
    )
    addressing_style: Literal["path", "virtual"] | None = Field(
        None, description="Bucket in path or host name; absent: path with an endpoint_url."
    )
    checksums: Literal["sha256", "md5", "none"] = Field(
        "sha256", description="Sent with each picture; sha256 includes MD5."
    )
    conditional_puts: bool = Field(
        True,
        description="Off: for a server that answers 501 to If-None-Match. Each key is asked for "
        "first; harmless here, but run one cloud worker only (`conditional_puts=false` in its "
        "store).",
    )

    signed: bool = Field(
        False,
        description="Each request is signed by the enrolment service (`enrolment`): this gateway "
        "needs no credentials, and endpoint and bucket are the service's.",
    )

    @field_validator("endpoint_url")
    @classmethod
    def _is_a_url(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is None or (parts.scheme in ("http", "https") and parts.hostname):
            return value
        raise ValueError(f"{value!r} is no URL: begin with https:// or http://")

    @model_validator(mode="after")
    def _signed_or_with_credentials(self) -> Self:
        if self.signed and self.credentials_file is not None:
            raise ValueError("signed: the service has the credentials: leave credentials_file out")
        return self


class OutboxConfig(Section):
    path: Path = Field(Path("var/outbox"), description="Folder of database and pictures.")
    max_bytes: int = Field(
        1_000_000_000, ge=1_000_000, le=1_000_000_000_000, description="Quota on disk."
    )
    min_free_bytes: int = Field(
        50_000_000,
        ge=0,
        le=1_000_000_000_000,
        description="Space left free on its disk; below it suspicions are held in memory.",
    )
    memory_max_bytes: int = Field(
        32_000_000,
        ge=1_000_000,
        le=1_000_000_000,
        description="Suspicions held in memory while the disk takes none.",
    )
    max_age_s: float = Field(
        604_800.0, ge=60, le=31_536_000, description="An older entry is evicted."
    )
    max_attempts: int = Field(
        50,
        ge=1,
        le=100_000,
        description="Failed attempts after which an entry is given up (buried).",
    )


class DeliverConfig(Section):
    """Evidence, reports and verdicts."""

    root: Name = Field(DEFAULT_ROOT, description="First level of Stillwatch's own topics.")
    uplink: BrokerConfig | None = Field(
        None, description="Broker towards the cloud; absent: the same as intake's."
    )
    cloud_keys: tuple[PublicKey, ...] = Field(
        (),
        max_length=16,
        description="The cloud's public keys, each a file or `ed25519:...`: what none of them "
        "signed is ignored. Absent: whatever comes over the uplink is accepted.",
    )
    store: DirStoreConfig | S3StoreConfig = Field(
        default_factory=DirStoreConfig,
        discriminator="type",
        description="Where evidence is stored.",
    )
    outbox: OutboxConfig = Field(
        default_factory=OutboxConfig, description="The durable queue of suspicions."
    )
    evidence: EvidenceConfig = Field(
        default_factory=EvidenceConfig, description="Which pictures go with a report."
    )
    audit: AuditConfig = Field(
        default_factory=AuditConfig,
        description="Sampling of what raised nothing, to measure what is missed.",
    )
    deadline_s: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="Without a verdict by then, a suspicion is published as `unconfirmed`.",
    )
    resend_s: float = Field(
        30.0, ge=1, le=3600, description="A report without a verdict is sent again after this."
    )
    resend_max_s: float = Field(
        900.0, ge=1, le=86_400, description="Each further time after twice as long, up to this."
    )
    backoff_max_s: float = Field(60.0, ge=1, le=3600, description="Longest wait after a failure.")
    notify_max_age_s: float = Field(
        86_400.0,
        ge=60,
        le=31_536_000,
        description="A verdict that a broker has not taken by then is given up there.",
    )
    late_s: float = Field(
        30.0,
        ge=1,
        le=86_400,
        description="Health is degraded while a report or verdict waits for longer than this.",
    )
    alert_unconfirmed: bool = Field(
        True,
        description="A threat that stays unconfirmed (no answer in time) or inconclusive (its "
        "pictures cannot be read) turns `threat` ON too.",
    )
    threat_hold_s: float = Field(30.0, ge=1, le=3600, description="`threat` stays ON this long.")
