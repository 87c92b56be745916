"""The section `console` of the cloud's settings.

PURE. Called by `cloud.settings`; the flags of `console serve` override single keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from cloud.confirm.policy import StrictSection
from cloud.console.roles import PersonRole

DEFAULT_LISTEN = "127.0.0.1:8484"
LaxFile = Annotated[Path, Field(strict=False)]
LaxNames = Annotated[tuple[str, ...], Field(strict=False)]


def _listen(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isdecimal() and int(port) <= 65535):
        raise ValueError(f"{value!r} is no HOST:PORT, e.g. {DEFAULT_LISTEN}")
    return value


def _url(value: str) -> str:
    try:
        url = urlsplit(value)
        good = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        good = False
    if not good or "@" in value or url.query or url.fragment or url.path.strip("/"):
        raise ValueError(f"{value!r} is not http://HOST[:PORT] or https://HOST[:PORT]")
    return value.rstrip("/")


def _issuer(value: str) -> str:
    url = urlsplit(value)
    if not url.hostname or url.query or url.fragment or "@" in value:
        raise ValueError(f"{value!r} is no address of an identity provider")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
        raise ValueError(f"{value!r}: an identity provider is asked over https only")
    return value


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class OidcSettings(StrictSection):
    """An identity provider that vouches for people, by OpenID Connect."""

    issuer: Annotated[str, AfterValidator(_issuer)] = Field(description="Its address.")
    client_id: str = Field(description="What the provider calls this console.")
    client_secret_file: LaxFile = Field(description="File with the secret it gave.")
    name_claim: str = Field("preferred_username", description="Claim with a person's name.")
    roles_claim: str = Field("groups", description="Claim with a person's groups.")
    roles: Mapping[str, Annotated[PersonRole, Field(strict=False)]] = Field(
        description="Role by group; the strongest counts, who has none is refused."
    )
    sites_claim: str | None = Field(None, description="Claim with a person's sites; none: all.")
    scope: str = Field("openid profile groups", description="What is asked for.")


class SiteSettings(StrictSection):
    """What the console asks of operators at one site."""

    gateways: LaxNames = Field((), description="Those that stand there; none: the one of its name.")
    steps: LaxNames = Field((), description="Steps that must be done before an alarm is closed.")
    escalate_s: float | None = Field(
        None, ge=5, le=86_400, description="Unclaimed for so long it escalates; none: as elsewhere."
    )


class ConsoleSettings(StrictSection):
    """The pages of `console serve`."""

    listen: Annotated[str, AfterValidator(_listen)] = Field(
        DEFAULT_LISTEN, description="HOST:PORT to listen on."
    )
    certificate: LaxFile | None = Field(None, description="PEM; with `key`: TLS.")
    key: LaxFile | None = Field(None, description="Its private key, PEM.")
    public_url: Annotated[str, AfterValidator(_url)] | None = Field(
        None, description="How browsers reach it; absent: by `listen`."
    )
    proxies: LaxNames = Field(
        (),
        description="Addresses of proxies, or networks (10.0.0.0/8), whose X-Forwarded-For and "
        "-Proto count.",
    )
    accounts: str = Field(
        "sqlite:///console/accounts.sqlite",
        description="Database of accounts and of the audit log: sqlite:///FILE or postgresql://…",
    )
    accounts_password_file: LaxFile | None = Field(
        None, description="File with PostgreSQL's password, for `accounts`."
    )
    session_hours: float = Field(12.0, ge=0.1, le=168, description="A sign-in lasts so long.")
    evidence_minutes: float = Field(
        10.0, ge=1, le=1440, description="A link to a picture is good for so long."
    )
    escalate_to: str = Field(
        "supervisor", min_length=1, max_length=64, description="Who is called."
    )
    escalate_s: float = Field(
        120.0, ge=5, le=86_400, description="An alarm that nobody claimed for so long escalates."
    )
    sites: Mapping[str, SiteSettings] = Field(
        default_factory=dict, description="By site: steps and escalation of its own."
    )
    configurations: Mapping[str, LaxFile] = Field(
        default_factory=dict,
        description="By gateway: a copy of its configuration file, whose zones are drawn.",
    )
    oidc: OidcSettings | None = Field(None, description="Absent: local accounts only.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key are given together, or neither")
        if self.public_url is None and not is_loopback(self.address[0]):
            raise ValueError(
                f"others reach {self.listen}: say by which address, in public_url, so that no "
                "other name is answered"
            )
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def url(self) -> str:
        """How browsers reach it."""
        return self.public_url or f"{'https' if self.certificate else 'http'}://{self.listen}"

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS, so that cookies may say so."""
        return self.url.startswith("https:")
