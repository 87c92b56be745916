"""What may be set of ntfy, web push and MQTT outputs.

Read through `cloud.notify.settings`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from cloud.notify.destination_settings import (
    DestinationSettings,
    HttpSettings,
    HttpUrl,
    PeopleSettings,
    SecretSource,
)


class NtfySettings(PeopleSettings, HttpSettings):
    """A topic of an ntfy server, with the picture attached."""

    url: HttpUrl = Field(description="https://HOST/TOPIC; who knows the topic reads it.")
    token: SecretSource | None = Field(None, description="Access token, if the server wants one.")
    max_picture_bytes: int = Field(
        2_000_000, ge=1000, le=8_000_000, description="A larger one is left out."
    )


class WebPushSettings(PeopleSettings, HttpSettings):
    """Push messages to browsers and phones that subscribed (`notify subscribe`)."""

    vapid_key: Path = Field(description="Private key (`notify vapid-key`), for the push services.")
    contact: str = Field(
        pattern=r"^(mailto:\S+@\S+|https://\S+)$",
        max_length=320,
        description="mailto: or https: address by which a push service reaches you.",
    )
    ttl_s: int = Field(3600, ge=0, le=2_419_200, description="How long a service keeps a message.")
    pictures: Literal[False] = Field(False, description="A push message has no room for one.")


class DeterSettings(DestinationSettings):
    """A command on a topic of the cloud's broker, such as for a light or a siren."""

    topic: str = Field(
        min_length=1,
        max_length=512,
        pattern=r"^[^+#\x00-\x1f]+$",
        description="With {site}, {gateway} and {camera}.",
    )
    payload: Annotated[str, Field(max_length=1024)] = Field("ON", description="What is said.")
    end_payload: str | None = Field(
        None, max_length=1024, description="Said once the event is over or refuted."
    )
    hold_off_s: float = Field(
        60, ge=0, le=86_400, description="After a command none for the same topic for so long."
    )
    max_age_s: float = Field(
        30, ge=1, le=3600, description="An alarm that is older deters nobody and is left out."
    )
