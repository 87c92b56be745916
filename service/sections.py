"""What the configurations of our processes have in common: the base of sections, names, a broker.

PURE. Every section refuses unknown keys; numbers have bounds and units, defaults stand here and
nowhere else. Secrets are named by file, never written in. Used by the schemas of edge and bridge.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contract.ids import is_name
from contract.topics import ImageTemplate


def _name(value: str) -> str:
    if not is_name(value):
        raise ValueError(f"{value!r} is not 1 to 64 of a-z 0-9 _ -")
    return value


def _template(value: str) -> str:
    return ImageTemplate(value).text


Name = Annotated[str, AfterValidator(_name)]
Share = Annotated[float, Field(ge=0, le=1)]
Template = Annotated[str, AfterValidator(_template)]


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TlsConfig(Section):
    ca_file: Path | None = Field(None, description="CA bundle; absent: the system's.")
    cert_file: Path | None = Field(None, description="Client certificate.")
    key_file: Path | None = Field(None, description="Client key.")


class BrokerConfig(Section):
    """An MQTT broker to connect to."""

    host: str = Field("127.0.0.1", description="Host name or address.")
    port: int = Field(1883, ge=1, le=65535, description="TCP port.")
    protocol: Literal["5", "3.1.1"] = Field("5", description="MQTT version.")
    client_id: Name | None = Field(
        None,
        description="Begins our client ids there, for a broker that grants rights by them; absent: "
        "made by chance at the first start and kept.",
    )
    username: str | None = Field(None, description="User name, if the broker wants one.")
    password_file: Path | None = Field(None, description="File with the password.")
    tls: TlsConfig | None = Field(None, description="Present: connect over TLS.")
    keepalive_s: int = Field(30, ge=5, le=3600, description="MQTT keep-alive.")
    reconnect_max_s: float = Field(30.0, ge=1, le=600, description="Longest wait between tries.")
