"""What an operator may set of the cloud's side, and where each value comes from.

A flag beats the environment (`STILLWATCH_CLOUD_*`), which beats the settings file (YAML), which
beats the default; defaults and bounds stand here and nowhere else. Unknown keys are refused, and
every error is reported at once. Secrets are named by file, never written in. Called by `__main__`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)

from cloud.confirm.policy import Policy, StrictSection
from cloud.console.settings import ConsoleSettings
from cloud.index.settings import IndexSettings
from cloud.notify.settings import NotifySettings
from contract.topics import DEFAULT_ROOT
from imaging.admission import PictureLimits
from service.sections import Protocol, TlsConfig, Transport, WebsocketPath
from service.yaml_file import YamlError, read_yaml

ENV_PREFIX = "STILLWATCH_CLOUD_"
ENV_KEYS = (
    *("broker", "protocol", "transport", "websocket_path", "username", "password_file"),
    *("client_id", "store", "model", "threads", "group", "root"),
    *("metrics_host", "metrics_port", "signing_key", "trusted_keys"),
)
PORTS = {"mqtt": 1883, "mqtts": 8883}


class SettingsError(Exception):
    """The settings cannot be used; the text has one line per error."""


def _broker(value: str) -> str:
    try:
        url = urlsplit(value)
        good = url.scheme in PORTS and bool(url.hostname) and url.port != 0
    except ValueError:
        good = False
    if not good or "@" in value:
        raise ValueError(
            f"{value!r} is not mqtt://HOST[:PORT] or mqtts://HOST[:PORT] "
            "(a user goes into `username`, the password's file into `password_file`)"
        )
    return value


def _level(value: str) -> str:
    if not value or any(sign in value for sign in "+#") or value.startswith("/"):
        raise ValueError(f"{value!r} is no topic prefix: not empty, no + or #, no leading /")
    return value


def _group(value: str) -> str:
    if not value or any(sign in value for sign in "/+#"):
        raise ValueError(f"{value!r} is no shared-subscription name: not empty, no / + or #")
    return value


def _files(value: object) -> object:
    """A text is a list of files with commas between, as a flag or variable gives it."""
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


BrokerUrl = Annotated[str, AfterValidator(_broker)]
LaxPath = Annotated[Path, Field(strict=False)]


class EvidenceLimits(StrictSection):
    """What an evidence picture may claim before it is fetched and decoded."""

    max_bytes: int = Field(16_000_000, ge=1_000, le=64_000_000, description="Encoded size.")
    max_pixels: int = Field(25_000_000, ge=10_000, le=100_000_000, description="Width x height.")
    min_side_px: int = Field(4, ge=1, le=4096, description="Shortest side.")
    max_side_px: int = Field(16_384, ge=64, le=65_500, description="Longest side.")
    max_scans: int = Field(100, ge=1, le=1000, description="Scans of a progressive JPEG.")

    def of_picture(self) -> PictureLimits:
        """The same, as the decoder's side takes it."""
        return PictureLimits(
            max_bytes=self.max_bytes,
            max_pixels=self.max_pixels,
            min_side_px=self.min_side_px,
            max_side_px=self.max_side_px,
            max_scans=self.max_scans,
        )


class ConfirmWorkerSettings(StrictSection):
    """How a worker works through its reports."""

    prefetch: int = Field(4, ge=1, le=64, description="Reports held at once (receive maximum).")
    max_waiting: int = Field(
        # Mosquitto 2.0.11 does not hold to the receive maximum, and drops what a leaving worker has
        # not acknowledged: a short queue saves nothing, it only gives reports up until the edge
        # repeats them. 1,024 reports of 2 kB are 2 MB.
        1024,
        ge=1,
        le=4096,
        description="Queue; more are given up, counted.",
    )
    attempts: int = Field(5, ge=1, le=20, description="Tries while the store does not answer.")
    rereads: int = Field(
        2, ge=0, le=10, description="Reads more of pictures that are missing or damaged."
    )
    retry_first_s: float = Field(0.5, ge=0.01, le=60, description="Wait before the second try.")
    retry_max_s: float = Field(10.0, ge=0.01, le=600, description="Longest wait between tries.")
    publish_timeout_s: float = Field(10.0, ge=0.1, le=300, description="Patience for a PUBACK.")
    drain_s: float = Field(20.0, ge=0.1, le=600, description="Deadline for leaving on SIGTERM.")
    stuck_s: float = Field(120.0, ge=1, le=3600, description="No progress for this is unhealthy.")
    failures_in_a_row: int = Field(
        3, ge=1, le=100, description="Of the model, on its known picture too: then it restarts."
    )


Days = Annotated[float, Field(ge=0, le=36_500)]


class RetentionSettings(StrictSection):
    """After how many days `retain` removes what, counted from the verdict."""

    confirmed_days: Days = Field(90, description="Pictures of confirmed threats.")
    refuted_days: Days = Field(14, description="Pictures of what was refuted.")
    inconclusive_days: Days = Field(30, description="Pictures of what could not be decided.")
    audit_days: Days = Field(14, description="Pictures of audits and self-tests.")
    verdicts_days: Days = Field(400, description="Verdicts; no picture is kept longer than these.")

    @model_validator(mode="after")
    def _verdicts_last(self) -> RetentionSettings:
        longest = max(self.pictures_days().values())
        if self.verdicts_days < max(longest, 14):
            raise ValueError(
                f"verdicts_days {self.verdicts_days:g} is below 14, for which a gateway may repeat "
                f"a report, or below the {longest:g} days for which pictures are kept"
            )
        return self

    def pictures_days(
        self,
    ) -> dict[Literal["confirmed", "refuted", "inconclusive", "audit"], float]:
        """The same, by class."""
        return {
            "confirmed": self.confirmed_days,
            "refuted": self.refuted_days,
            "inconclusive": self.inconclusive_days,
            "audit": self.audit_days,
        }


class Settings(StrictSection):
    """Everything that `python -m cloud serve` needs to know."""

    broker: BrokerUrl = Field("mqtt://127.0.0.1:1883", description="mqtt://HOST or mqtts://HOST.")
    protocol: Protocol = "5"
    transport: Transport = "tcp"
    websocket_path: WebsocketPath = "/mqtt"
    username: str | None = Field(None, description="User name, if the broker wants one.")
    password_file: LaxPath | None = Field(None, description="File with the password.")
    client_id: str | None = Field(None, max_length=64, description="Absent: made up at each start.")
    tls: TlsConfig = Field(default_factory=TlsConfig, description="Files for mqtts.")
    signing_key: LaxPath | None = Field(
        None, description="Private key (`keygen`) that signs verdicts; the same for all workers."
    )
    trusted_keys: Annotated[tuple[LaxPath, ...], BeforeValidator(_files), Field(strict=False)] = (
        Field((), description="Public keys whose stored verdicts stand too: those of before.")
    )
    store: str | None = Field(None, description="Object store: dir:PATH or s3:BUCKET?...")
    model: str = Field("confirm-fused", description="A model's name, or a folder with a manifest.")
    threads: Annotated[int, Field(strict=False)] = Field(
        0, ge=0, le=64, description="Threads of the model; 0: one per core."
    )
    group: Annotated[str, AfterValidator(_group)] = Field(
        "confirm", description="Workers of one group share the reports."
    )
    root: Annotated[str, AfterValidator(_level)] = Field(DEFAULT_ROOT, description="Topic root.")
    metrics_host: str = Field("127.0.0.1", description="Where /metrics and /healthz listen.")
    metrics_port: Annotated[int, Field(strict=False)] = Field(
        0, ge=0, le=65535, description="Port of /metrics and /healthz; 0: no HTTP."
    )
    policy: Policy = Field(default_factory=Policy, description="When a suspicion is confirmed.")
    notify: NotifySettings = Field(
        default_factory=NotifySettings, description="Who is told of alarms and faults."
    )
    retention: RetentionSettings = Field(
        default_factory=RetentionSettings, description="How long `retain` keeps what."
    )
    limits: EvidenceLimits = Field(
        default_factory=EvidenceLimits, description="Largest evidence pictures."
    )
    work: ConfirmWorkerSettings = Field(
        default_factory=ConfirmWorkerSettings, description="Queue, retries and deadlines."
    )
    console: ConsoleSettings = Field(
        default_factory=ConsoleSettings, description="The pages of `console serve`."
    )

    index: IndexSettings = Field(
        default_factory=IndexSettings, description="The database of alarms."
    )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the broker."""
        url = urlsplit(self.broker)
        return str(url.hostname), url.port or PORTS[url.scheme]

    @property
    def wants_tls(self) -> bool:
        return self.broker.startswith("mqtts:")


def load_settings(
    file: Path | None, environ: Mapping[str, str], flags: Mapping[str, str | None]
) -> Settings:
    """The settings in force; raises `SettingsError` with every error and where it came from."""
    from_file = _read(file) if file else {}
    from_env = {
        key: environ[ENV_PREFIX + key.upper()]
        for key in ENV_KEYS
        if environ.get(ENV_PREFIX + key.upper())
    }
    from_flags = {key: value for key, value in flags.items() if value is not None}
    try:
        return Settings.model_validate({**from_file, **from_env, **from_flags})
    except ValidationError as error:
        raise SettingsError("\n".join(_errors(error, file, from_env, from_flags))) from error


def _read(file: Path) -> dict[str, object]:
    try:
        found = read_yaml(file)
    except YamlError as error:
        raise SettingsError(f"settings file {file} cannot be read: {error}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise SettingsError(f"settings file {file} holds no mapping but a {type(found).__name__}")
    return {str(key): value for key, value in found.items()}


def _errors(
    error: ValidationError,
    file: Path | None,
    from_env: Mapping[str, object],
    from_flags: Mapping[str, object],
) -> Iterator[str]:
    for one in error.errors():
        path = ".".join(str(part) for part in one["loc"]) or "settings"
        top = str(one["loc"][0]) if one["loc"] else ""
        if top in from_flags:
            origin = "--" + top.replace("_", "-")
        elif top in from_env:
            origin = ENV_PREFIX + top.upper()
        else:
            origin = f"{file}: {path}"
        said = one["msg"].removeprefix("Value error, ")
        yield f"{origin}: {said} (found {one['input']!r})"
