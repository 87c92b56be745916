"""What may be set of alarm receiving centres that take SIA DC-09.

Read through `cloud.notify.settings`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cloud.notify.destination_settings import DestinationSettings, SecretSource
from cloud.notify.sia_codes import CodeName
from service.sections import Host, Name, Section


class CentreAccount(Section):
    """A gateway's account there."""

    account: str = Field(
        pattern=r"^[0-9A-Fa-f]{3,16}$", description="Its number, 3 to 16 hexadecimal digits."
    )
    area: int = Field(1, ge=0, le=99, description="Area (partition) of all its zones.")
    zones: Annotated[dict[Name, Annotated[int, Field(ge=0, le=999)]], Field(max_length=999)] = (
        Field(default_factory=dict, description="Zone of each camera; others are zone 0.")
    )


class CentreCode(Section):
    """The codes of one event, where a centre wants others."""

    sia: str = Field(pattern=r"^[A-Z]{2}$", description="As SIA DC-03 has it, such as BA.")
    contact_id: str = Field(
        pattern=r"^[136][0-9A-F]{3}$", description="Qualifier and event, such as 1130."
    )


class AlarmCentreSettings(DestinationSettings):
    """An alarm receiving centre: SIA DC-09 over TCP, acknowledged and supervised."""

    host: Host = Field(description="Host name or address of the receiver.")
    port: int = Field(ge=1, le=65535, description="Its TCP port.")
    format: Literal["SIA-DCS", "ADM-CID"] = Field(
        "SIA-DCS", description="Of the events; ADM-CID is Contact ID."
    )
    key: SecretSource | None = Field(
        None, description="AES key: 32, 48 or 64 hexadecimal digits; absent: not encrypted."
    )
    receiver: str = Field("0", pattern=r"^[0-9A-Fa-f]{1,6}$", description="Receiver number.")
    line: str = Field("0", pattern=r"^[0-9A-Fa-f]{1,6}$", description="Line number (prefix).")
    accounts: Annotated[dict[Name, CentreAccount], Field(min_length=1, max_length=10_000)] = Field(
        description="By gateway."
    )
    codes: dict[CodeName, CentreCode] = Field(
        default_factory=dict, description="Other codes than the usual ones."
    )
    supervision_s: float = Field(
        60,
        ge=0,
        le=86_400,
        description="So often each account says that the line works; 0: never.",
    )
