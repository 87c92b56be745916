"""The `home_assistant` section: whether Home Assistant finds us by itself.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge.config.values import Section

Prefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,7}$")]


class HomeAssistantConfig(Section):
    """Discovery over MQTT, for Home Assistant 2024.11 or newer at the site's broker."""

    enabled: bool = Field(
        False,
        description="Announce the gateway and each camera as devices. Off again: what was "
        "announced is removed.",
    )
    prefix: Prefix = Field(
        "homeassistant", description="Discovery prefix, as Home Assistant's MQTT settings have it."
    )
    image: bool = Field(
        True,
        description="Publish each camera's last evidence, box drawn in and privacy masks black, "
        "retained on its `image` topic.",
    )
    image_px: int = Field(
        640, ge=160, le=1920, description="Longer side of that picture; it is never enlarged."
    )
