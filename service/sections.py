"""What the configurations of our processes have in common: the base of sections, names, a broker.

PURE. Every section refuses unknown keys; numbers have bounds and units, defaults stand here and
nowhere else. Secrets are named by file, never written in. Used by the schemas of edge, cloud and
bridge.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from contract.ids import id_of, is_name
from contract.topics import ImageTemplate


def _name(value: str) -> str:
    if not is_name(value):
        other = id_of(value)
        hint = f": write {other}" if other else ""
        raise ValueError(f"{value!r} is not 1 to 64 of a-z 0-9 _ -{hint}")
    return value


def _template(value: str) -> str:
    template = ImageTemplate(value)
    if not (template.names_camera and template.plain):
        raise ValueError(f"topic {value!r} needs {{camera}} as one whole level and no wildcards")
    return value


def _host(value: str) -> str:
    """A name or an address, IPv6 without brackets too."""
    scheme, found, _ = value.partition("://")
    if found:
        port = {"mqtts": 8883, "ws": 80, "wss": 443}.get(scheme.lower(), 1883)
        raise ValueError(
            f"{value!r} is a URL: give the host alone, and `port` ({port} is usual for {scheme})"
        )
    name, colon, port_text = value.rpartition(":")
    if colon and ":" not in name and port_text.isdecimal():
        raise ValueError(f"{value!r} holds a port: host: {name}, port: {port_text}")
    if not value or any(mark in value for mark in "/ @"):
        raise ValueError(f"{value!r} is no host name or address")
    return value


Host = Annotated[str, AfterValidator(_host)]
Name = Annotated[str, AfterValidator(_name)]
Share = Annotated[float, Field(ge=0, le=1)]
Template = Annotated[str, AfterValidator(_template)]


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TlsConfig(Section):
    ca_file: Path | None = Field(None, description="CA bundle; absent: the system's.")
    cert_file: Path | None = Field(None, description="Client certificate, PEM.")
    key_file: Path | None = Field(
        None, description="Its key, PEM; absent: it stands in `cert_file`."
    )
    server_name: str | None = Field(
        None,
        min_length=1,
        max_length=253,
        description="Name that the broker's certificate is for, where that is not `host`.",
    )

    @model_validator(mode="after")
    def _a_key_has_a_certificate(self) -> Self:
        if self.key_file is not None and self.cert_file is None:
            raise ValueError(
                f"key_file {self.key_file} without cert_file: a key alone shows the broker nobody; "
                "name its certificate as well, or neither"
            )
        return self


def _websocket_path(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError(f"{value!r} is no path, which begins with /: write '/{value}'")
    return value


Protocol = Annotated[Literal["5", "3.1.1"], Field(description="MQTT version.")]
Transport = Annotated[
    Literal["tcp", "websockets"], Field(description="websockets: where only HTTP gets through.")
]
WebsocketPath = Annotated[
    str,
    AfterValidator(_websocket_path),
    Field(max_length=512, description="websockets: path of the broker's URL."),
]


class BrokerConfig(Section):
    """An MQTT broker to connect to."""

    host: Host = Field("127.0.0.1", description="Host name or address.")
    port: int = Field(1883, ge=1, le=65535, description="TCP port.")
    protocol: Protocol = "5"
    transport: Transport = "tcp"
    websocket_path: WebsocketPath = "/mqtt"
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

    @model_validator(mode="after")
    def _a_password_has_a_user(self) -> Self:
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file without username: the broker would get neither")
        return self
