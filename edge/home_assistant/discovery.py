"""What all discovery messages of a gateway have in common: topics, ids, the form of a device.

PURE. Device-based discovery (Home Assistant 2024.11 and newer): a retained JSON message per device,
with all its entities. Ids never change: automations hang on them. Everything that an entity shows
is on topics that people without Home Assistant read too. Used by `gateway_device`, `camera_device`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from contract.ids import CameraId
from contract.topics import Topics

HomeEntity = dict[str, object]

ORIGIN = "Stillwatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What all messages of a gateway have in common; `image`, `self_test` and `updates`: whether
    there is one to show, to press for, or orders from afar are obeyed."""

    topics: Topics
    prefix: str
    version: str
    image: bool = True
    self_test: bool = True
    updates: bool = True


def gateway_topic(told: Announced) -> str:
    """Where the gateway's device is announced."""
    return f"{told.prefix}/device/{told.topics.gateway}/config"


def camera_topic(told: Announced, camera: CameraId) -> str:
    """Where a camera's is; below the gateway's name, so that no two pairs of names meet."""
    return f"{told.prefix}/device/{told.topics.gateway}/{camera}/config"


def device_id(told: Announced, camera: CameraId | None = None) -> str:
    """A dot is in no name, so two devices never have one id."""
    gateway = f"{told.topics.root}.{told.topics.gateway}"
    return gateway if camera is None else f"{gateway}.{camera}"


def device_message(
    told: Announced,
    id_: str,
    device: dict[str, str],
    components: dict[str, HomeEntity],
    availability: list[dict[str, object]],
) -> bytes:
    """A device with its entities; each gets an id of its own."""
    named = {name: one | {"unique_id": f"{id_}.{name}"} for name, one in components.items()}
    facts = {
        "device": {"identifiers": [id_], "manufacturer": ORIGIN, "sw_version": told.version}
        | device,
        "origin": {"name": ORIGIN, "sw_version": told.version},
        "availability": availability,
        "availability_mode": "all",
        "components": named,
    }
    return json.dumps(facts, sort_keys=True).encode()


def figure(name: str, topic: str, template: str) -> HomeEntity:
    """A number that is worth a curve."""
    return {
        "platform": "sensor",
        "name": name,
        "entity_category": "diagnostic",
        "state_class": "measurement",
        "state_topic": topic,
        "value_template": template,
    }


def gateway_lives(told: Announced) -> dict[str, object]:
    """An availability: while the gateway is there."""
    return {
        "topic": told.topics.of_gateway("status"),
        "value_template": "{{ 'online' if value == 'online' else 'offline' }}",
    }
