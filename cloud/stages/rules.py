"""The rules file: what counts as a threat in an archive, from which score, and who is notified.

`policy` is the section of the same name in the settings of the live workers. Without a file the
defaults count: persons, and nobody is notified. An archive does not say what moves, so a rule about
vehicles means parked ones too. Unknown keys are refused, every error is reported at once.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from cloud.confirm.policy import Policy, StrictSection
from cloud.settings import SettingsError
from contract.report import CameraName
from service.yaml_file import YamlError, read_yaml

_ADDRESS = re.compile(r"[A-Za-z0-9._%+/=-]{1,64}@[A-Za-z0-9.-]{1,189}")

ThreatKind = Literal["person", "vehicle", "animal"]


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError(f"{value!r} is no mail address")
    return value


MailAddress = Annotated[str, AfterValidator(_address)]
Kinds = Annotated[tuple[ThreatKind, ...], Field(strict=False)]
Devices = Annotated[tuple[CameraName, ...], Field(strict=False)]


class Threat(StrictSection):
    """A class of things whose presence in a picture is a threat."""

    kind: ThreatKind
    severity: int = Field(2, ge=0, le=2, description="AVS-01 level before it is confirmed.")


class Recipient(StrictSection):
    """Somebody who is notified; empty lists mean all."""

    address: MailAddress
    devices: Devices = ()
    kinds: Kinds = ()


class Alerts(StrictSection):
    """How confirmed threats become mails."""

    sender: MailAddress = "stillwatch@localhost"
    recipients: Annotated[tuple[Recipient, ...], Field(strict=False)] = ()
    gather_s: int = Field(
        300, ge=0, le=86_400, description="Threats of a device this close together are one mail."
    )
    attach_max_bytes: int = Field(
        2_000_000, ge=0, le=20_000_000, description="A larger picture is not attached."
    )


class Rules(StrictSection):
    """The whole file."""

    version: Literal[1] = 1
    threats: Annotated[tuple[Threat, ...], Field(min_length=1, strict=False)] = (
        Threat(kind="person"),
    )
    policy: Policy = Field(default_factory=Policy)
    alerts: Alerts = Field(default_factory=Alerts)

    @property
    def sha256(self) -> str:
        """Of what the rules say, not of how the file is laid out."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def read_rules(file: Path | None) -> Rules:
    """The rules in `file`; raises `SettingsError` with every error."""
    if file is None:
        return Rules()
    try:
        return Rules.model_validate(read_yaml(file) or {})
    except YamlError as error:
        raise SettingsError(f"rules {file} cannot be read: {error}") from error
    except ValidationError as error:
        errors = (
            f"rules {file}: {'.'.join(map(str, one['loc'])) or 'file'}: "
            + one["msg"].removeprefix("Value error, ")
            for one in error.errors()
        )
        raise SettingsError("\n".join(errors)) from error
