"""The `enrolment` section: where this gateway gets its certificate for the cloud's broker.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from edge.config.values import Section


class EnrolmentConfig(Section):
    """The gateway makes its own key, and renews its certificate by itself."""

    url: str = Field(
        description="Of the service: https://HOST[:PORT].", examples=["https://enrol.example:8443"]
    )
    token_file: Path | None = Field(
        None, description="File with the token for the first certificate; later it is not needed."
    )
    ca_file: Path | None = Field(
        None, description="PEM of the service's authority; absent: the system's."
    )
    timeout_s: float = Field(10.0, ge=1, le=120, description="Patience for the service.")

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "https" or not parts.hostname or parts.username is not None:
            raise ValueError(f"{value!r} is no https://HOST[:PORT]: a token is never sent in clear")
        if parts.path.rstrip("/") or parts.query or parts.fragment:
            raise ValueError(f"{value!r} has a path: give https://HOST[:PORT] alone")
        return value.rstrip("/")
