"""The bridge's configuration: where pictures go, and where each camera's come from.

SHELL (`load` reads the file). The same habits as the edge's: unknown keys are refused, numbers have
a unit and bounds, defaults stand here and nowhere else, secrets are named by file.
`docs/bridge-config.md` and `config/bridge.example.yaml` are generated from it. Called by
`__main__`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from bridge.address import parse_address
from service.sections import BrokerConfig, Name, Section, Template
from service.yaml_file import YamlError, read_text, yaml_of


class BridgeConfigError(Exception):
    """The configuration cannot be used; every reason on a line of its own."""


def _source(value: str) -> str:
    parse_address(value)
    return value


Port = Annotated[int, Field(ge=1, le=65535)]
SourceAddress = Annotated[str, AfterValidator(_source)]


class SourceConfig(Section):
    """Where one camera's pictures come from, and how many of them are sent on."""

    source: SourceAddress = Field(
        description="`rtsp://host/path` or `rtsps://`; `http://` or `https://` of a snapshot or of "
        "MJPEG (which of both, its answer says); `onvif://host` or `onvifs://` of a camera that "
        "names its stream itself; `folder:PATH` for files as they appear; "
        "`ftp-upload` or `smtp-upload` for a camera that brings its pictures, see `uploads`. Take "
        "the camera's sub-stream: 640x480 is plenty.",
    )
    username: str | None = Field(
        None, min_length=1, max_length=255, description="User at the camera; of an upload: here."
    )
    password_file: Path | None = Field(None, description="File with the password.")
    profile: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="ONVIF: token or name of the profile; absent: the smallest of at least 640 "
        "pixels in width. `probe` lists them.",
    )
    rate_fps: float = Field(2.0, gt=0, le=30, description="Pictures per second, never more.")
    events: bool = Field(
        False,
        description="ONVIF: true: listen to the camera's own motion events, and take only "
        "`idle_fps` while it says that nothing moves. Where it says nothing, `rate_fps` holds.",
    )
    idle_fps: float | None = Field(
        None,
        ge=0.1,
        le=30,
        description="`events`: pictures per second while nothing moves; absent: half of "
        "`rate_fps`.",
    )
    width_px: int | None = Field(
        None, ge=64, le=4096, description="Wider pictures are reduced to this; absent: as they are."
    )
    jpeg_quality: int = Field(85, ge=30, le=100, description="Of pictures that we encode.")
    transport: Literal["tcp", "udp"] = Field("tcp", description="How RTSP sends its media.")
    decode: Literal["auto", "keyframes", "all"] = Field(
        "auto",
        description="auto: key frames only where they come often enough for `rate_fps`, which "
        "saves most of the work; keyframes: never more; all: every frame.",
    )
    hwaccel: Literal["none", "cuda", "qsv", "vaapi", "drm"] = Field(
        "none",
        description="RTSP: decode by this hardware, as far as FFmpeg has it. There is no falling "
        "back: where it is not there, the camera is offline and says so.",
    )
    ca_file: Path | None = Field(
        None, description="Certificate authority of a camera with TLS; absent: the system's."
    )
    verify_tls: bool = Field(
        True, description="false: take any certificate, as most cameras sign their own."
    )
    stall_s: float = Field(10.0, ge=1, le=300, description="No data for so long: connect again.")
    reconnect_max_s: float = Field(30.0, ge=1, le=600, description="Longest wait between tries.")

    @model_validator(mode="after")
    def _password_has_a_user(self) -> SourceConfig:
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs a username")
        if self.source == "ftp-upload" and self.password_file is None:
            raise ValueError("ftp-upload needs username and password_file")
        if self.source == "smtp-upload" and self.username and self.password_file is None:
            raise ValueError("username needs a password_file")
        return self

    @model_validator(mode="after")
    def _events_can_come(self) -> SourceConfig:
        if self.events and not self.source.lower().startswith(("onvif://", "onvifs://")):
            raise ValueError("events: true needs a source of onvif:// or onvifs://")
        if self.idle_fps is not None and not self.events:
            raise ValueError("idle_fps needs events: true")
        if self.idle_fps is not None and self.idle_fps > self.rate_fps:
            raise ValueError("idle_fps is more than rate_fps")
        return self

    @property
    def slowest_fps(self) -> float:
        """Of the rates that may hold."""
        return (self.idle_fps or self.rate_fps / 2) if self.events else self.rate_fps


class SourceLimitsConfig(Section):
    """What a camera may send before it is refused."""

    max_bytes: int = Field(2_000_000, ge=1_000, le=64_000_000, description="Of one picture.")
    max_pixels: int = Field(9_000_000, ge=10_000, le=100_000_000, description="Width x height.")


class UploadsConfig(Section):
    """Where cameras upload to, as far as some of them do."""

    host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104, cameras come in
    ftp_port: int = Field(2121, ge=1, le=65535, description="FTP's control port.")
    ftp_passive_ports: tuple[Port, Port] = Field(
        (2130, 2149), description="First and last port of FTP's passive data connections."
    )
    ftp_public_host: str | None = Field(
        None, description="Address that cameras get for those, behind NAT or in a container."
    )
    smtp_port: int = Field(2525, ge=1, le=65535, description="SMTP's port.")
    ftps_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="FTP with TLS from the first byte (implicit, 990 in cameras); absent: off.",
    )
    smtps_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="SMTP with TLS from the first byte (implicit, 465 in cameras); absent: off.",
    )
    cert_file: Path | None = Field(
        None,
        description="Certificate (chain) of this machine, PEM: FTP (AUTH TLS) and SMTP (STARTTLS) "
        "then offer TLS. Read at the start.",
    )
    key_file: Path | None = Field(
        None, description="Its key, PEM, without a passphrase; absent: it stands in `cert_file`."
    )
    require_tls: bool = Field(
        False, description="true: no login, no picture and no mail without TLS."
    )
    max_connections: int = Field(
        32,
        ge=2,
        le=1000,
        description="Connections at once to each of the ports; of one host a quarter of them.",
    )
    idle_s: float = Field(60.0, ge=5, le=3600, description="Then a silent connection is closed.")

    @model_validator(mode="after")
    def _tls_has_a_certificate(self) -> UploadsConfig:
        needing = (self.key_file, self.ftps_port, self.smtps_port)
        if self.cert_file is None and (self.require_tls or any(needing)):
            words = "require_tls, key_file, ftps_port and smtps_port: each needs cert_file"
            raise ValueError(words)
        return self

    def ports(self, ftp: bool, mail: bool) -> list[int]:
        """Those that are listened on for cameras that upload in these ways."""
        of_ftp, of_mail = (self.ftp_port, self.ftps_port), (self.smtp_port, self.smtps_port)
        found = [*(of_ftp if ftp else ()), *(of_mail if mail else ())]
        return [port for port in found if port is not None]


class BridgeRuntimeConfig(Section):
    """The process itself."""

    metrics_host: str = Field("127.0.0.1", description="Where /metrics and /healthz listen.")
    metrics_port: int = Field(9466, ge=0, le=65535, description="0: off.")
    stop_deadline_s: float = Field(5.0, ge=1, le=120, description="Time to end on SIGTERM.")
    health_s: float = Field(60.0, ge=1, le=3600, description="Interval of each camera's `health`.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Log.")


class BridgeConfig(Section):
    """The whole of it."""

    version: Literal[1] = Field(1, description="Version of this schema.")
    id: Name = Field("bridge", description="This bridge's id, in its topics.")
    root: Name = Field(
        "stillwatch-bridge", description="First level of the bridge's own status topics."
    )
    broker: BrokerConfig = Field(default_factory=BrokerConfig, description="The site's broker.")
    topic: Template = Field(
        "cameras/{camera}/image",
        description="Where pictures go: one of the edge's `intake.topics`.",
    )
    limits: SourceLimitsConfig = Field(default_factory=SourceLimitsConfig, description="Limits.")
    uploads: UploadsConfig = Field(default_factory=UploadsConfig, description="FTP and SMTP.")
    runtime: BridgeRuntimeConfig = Field(
        default_factory=BridgeRuntimeConfig, description="The process."
    )
    cameras: dict[Name, SourceConfig] = Field(default_factory=dict, description="By id.")

    @model_validator(mode="after")
    def _uploads_are_distinct(self) -> BridgeConfig:
        names = [one.username for one in self.cameras.values() if one.source == "ftp-upload"]
        if len(set(names)) != len(names):
            raise ValueError("cameras of ftp-upload share a username: each needs its own")
        files: dict[str | None, Path | None] = {}
        for one in self.cameras.values():
            if one.source != "smtp-upload" or one.username is None:
                continue
            if files.setdefault(one.username, one.password_file) != one.password_file:
                raise ValueError("cameras of smtp-upload share a username, not its password_file")
        first, last = self.uploads.ftp_passive_ports
        if last < first:
            raise ValueError("uploads.ftp_passive_ports: the last comes before the first")
        sources = {one.source for one in self.cameras.values()}
        ports = self.uploads.ports("ftp-upload" in sources, "smtp-upload" in sources)
        if len(set(ports)) != len(ports):
            raise ValueError(
                "uploads.ftp_port and smtp_port, ftps_port and smtps_port: each needs its own"
            )
        return self


def load(path: Path) -> BridgeConfig:
    """The configuration in `path`; raises `BridgeConfigError` with every problem."""
    try:
        text = read_text(path)
    except YamlError as error:
        raise BridgeConfigError(f"{path}: {error}") from error
    return parse(text, str(path))


def parse(
    text: str, name: str, assumed: Mapping[str, object] = MappingProxyType({})
) -> BridgeConfig:
    """The configuration that `text` is, called `name` in problems; `assumed` are top-level keys
    that hold where it does not name them. Raises `BridgeConfigError`."""
    try:
        document = yaml_of(text)
    except YamlError as error:
        raise BridgeConfigError(f"{name}: {error}") from error
    try:
        if document is None or isinstance(document, dict):
            document = {**assumed, **(document or {})}
        return BridgeConfig.model_validate(document)
    except ValidationError as error:
        raise BridgeConfigError(faults_of(error)) from error


def faults_of(error: ValidationError) -> str:
    """Every fault on a line of its own, without the value, which may be a secret."""
    return "\n".join(f"{_path(one['loc'])}: {_words(one['msg'])}" for one in error.errors())


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in location if step != "[key]") or "configuration"


def _words(message: str) -> str:
    """pydantic's, which quote no value in these kinds of errors."""
    return (
        "unknown key"
        if message.startswith("Extra inputs")
        else message.removeprefix("Value error, ")
    )
