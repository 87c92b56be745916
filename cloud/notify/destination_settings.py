"""What may be set of each kind of destination.

Read through `cloud.notify.settings`. Secrets are named by file or by variable of the environment,
never written in.
"""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from service.sections import Section
from service.weekly_hours import WindowConfig


class SecretSource(Section):
    """Where a secret stands: in a file, or in a variable of the environment."""

    file: Path | None = Field(None, description="File that holds it, alone.")
    env: str | None = Field(
        None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$", description="Variable that holds it."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("give `file` or `env`, one of them")
        return self


class StormSettings(Section):
    """When single messages become too many, and are gathered into one."""

    alarms: int = Field(20, ge=1, le=10_000, description="So many within `within_s` are told.")
    within_s: float = Field(300, ge=1, le=86_400, description="Span in which they are counted.")
    digest_s: float = Field(300, ge=10, le=86_400, description="More are gathered for so long.")


class QuietSettings(Section):
    """Hours in which only what is severe is told at once; the rest after them, in one message."""

    hours: Annotated[tuple[WindowConfig, ...], Field(max_length=64)] = Field(
        (), description="In the site's own time; none: never quiet."
    )
    below_severity: int = Field(
        3, ge=0, le=5, description="What is below this AVS-01 level waits; 5: everything."
    )


class DestinationSettings(Section):
    """What every destination has."""

    updates: bool = Field(
        True, description="Also told when a verdict changes, is refuted, or the event ends."
    )
    timeout_s: float = Field(10, ge=0.5, le=120, description="Longest time for one try.")
    backoff_max_s: float = Field(120, ge=1, le=3600, description="Longest wait between tries.")
    give_up_s: float = Field(
        86_400, ge=60, le=2_592_000, description="What was not delivered within this is given up."
    )
    max_waiting: int = Field(
        1000, ge=10, le=100_000, description="More that wait are given up, the least severe first."
    )

    @property
    def with_pictures(self) -> bool:
        """Whether it takes pictures, with or after the first word."""
        return False


class PeopleSettings(DestinationSettings):
    """What destinations have that people read."""

    pictures: bool = Field(True, description="With the picture that decided.")
    storm: StormSettings = Field(default_factory=StormSettings, description="Against floods.")
    quiet: QuietSettings = Field(default_factory=QuietSettings, description="For nights.")

    @property
    def with_pictures(self) -> bool:
        return self.pictures


def _url(value: str) -> str:
    try:
        url = urlsplit(value)
        good = url.scheme in ("https", "http") and bool(url.hostname) and url.port != 0
    except ValueError:
        good = False
    if not good or "@" in value or url.fragment or not value.isprintable() or " " in value:
        raise ValueError(f"{value!r} is not https://HOST[:PORT]/PATH (no user, no fragment)")
    return value


def _network(value: str) -> str:
    ip_network(value)
    return value


HttpUrl = Annotated[str, AfterValidator(_url), Field(max_length=2048)]
NetworkName = Annotated[str, AfterValidator(_network)]


class HttpSettings(Section):
    """Where an HTTP destination may lie."""

    allow_networks: Annotated[tuple[NetworkName, ...], Field(max_length=100)] = Field(
        (),
        description="Networks of ours, such as 10.1.0.0/16, in which it may lie all the same; "
        "else private and special addresses are refused.",
    )
    ca_file: Path | None = Field(None, description="CA bundle; absent: the system's.")


class WebhookSettings(DestinationSettings, HttpSettings):
    """Signed CloudEvents to an HTTP endpoint of yours."""

    url: HttpUrl = Field(description="https://HOST/PATH; http:// only into `allow_networks`.")
    secret: SecretSource = Field(
        description="The key of the HMAC: `whsec_` and base64, or at least 24 other characters."
    )
    pictures: bool = Field(False, description="The picture in base64, with or after the first.")
    max_picture_bytes: int = Field(
        1_000_000, ge=1000, le=8_000_000, description="A larger one is left out."
    )

    @property
    def with_pictures(self) -> bool:
        return self.pictures

    @model_validator(mode="after")
    def _plain_stays_at_home(self) -> Self:
        if self.url.startswith("http:") and not self.allow_networks:
            raise ValueError("http:// is readable on its way: https://, or `allow_networks`")
        return self
