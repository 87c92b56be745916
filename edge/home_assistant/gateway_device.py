"""The gateway's device in Home Assistant: does it live, would an alarm arrive, what waits, updates.

PURE. Called by `announcer`.
"""

from __future__ import annotations

from contract.topics import UpdateKind
from edge.home_assistant.discovery import (
    Announced,
    HomeEntity,
    device_id,
    device_message,
    figure,
    gateway_lives,
)

OWN_FILE = "own file"
"""In the place of a version where no order is in force."""

_TITLES: dict[UpdateKind, str] = {"config": "Configuration", "model": "Model"}


def gateway_message(told: Announced) -> bytes:
    """The gateway's device: does it live, would an alarm arrive, what waits."""
    topics, id_ = told.topics, device_id(told)
    stats, health = topics.of_gateway("stats"), topics.of_gateway("health")
    components: dict[str, HomeEntity] = {
        "connectivity": {
            **_always(),
            "platform": "binary_sensor",
            "name": "Connection",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": topics.of_gateway("status"),
            "value_template": "{{ 'ON' if value == 'online' else 'OFF' }}",
        },
        "problem": {
            "platform": "binary_sensor",
            "name": "Alarms may not arrive",
            "device_class": "problem",
            "state_topic": health,
            "value_template": "{{ 'OFF' if value_json.status == 'ok' else 'ON' }}",
            "json_attributes_topic": health,
        },
        "configuration": {
            "platform": "sensor",
            "name": "Configuration",
            "entity_category": "diagnostic",
            "state_topic": topics.of_gateway("info"),
            "value_template": "{{ value_json.config_version }}",
            "json_attributes_topic": topics.of_gateway("info"),
        },
        "waiting": figure(
            "Reports waiting", stats, "{{ value_json.outbox.entries.values() | sum }}"
        ),
        "memory": figure("Memory", stats, "{{ value_json.rss_bytes }}")
        | {"device_class": "data_size", "unit_of_measurement": "B", "enabled_by_default": False},
    }
    if told.self_test:
        components["self_test"] = {
            "platform": "button",
            "name": "Self-test",
            "entity_category": "diagnostic",
            "command_topic": topics.of_request("self-test", "request"),
            "payload_press": "{}",
        }
    if told.updates:
        components |= _updates(told)
    device = {"name": f"Stillwatch {topics.gateway}", "model": "Gateway"}
    return device_message(told, id_, device, components, [gateway_lives(told)])


def _always() -> HomeEntity:
    """Available whatever happens: that the gateway is gone is what it says."""
    return {"availability": []}


def _updates(told: Announced) -> dict[str, HomeEntity]:
    """What is in force and what was ordered last. Nothing can be installed from here: orders are
    signed, and whoever signs one decides for whom it is."""
    return {f"update_{kind}": _update(told, kind, title) for kind, title in _TITLES.items()}


def _update(told: Announced, kind: UpdateKind, title: str) -> HomeEntity:
    prefix = "" if kind == "config" else "model_"
    return {
        "platform": "update",
        "name": f"{title} update",
        "title": title,
        "entity_category": "diagnostic",
        "state_topic": told.topics.of_gateway("info"),
        "value_template": _UPDATE.replace("$", f"value_json.{prefix}update_"),
    }


_UPDATE = (
    f"{{% set installed = '{OWN_FILE}' if $version is none else $version | string %}}"
    "{% set state = $state or '' %}"
    "{% set refused = state ~ ': ' if state in ('rejected', 'rolled_back') else '' %}"
    "{{ {'installed_version': installed, "
    "'latest_version': installed if $ordered is none else $ordered | string, "
    "'in_progress': state not in ('', 'applied', 'rejected', 'rolled_back'), "
    "'release_summary': (refused ~ ($reason or ''))[:255]} | tojson }}"
)
"""`$` stands for where `info` has the kind's facts; 255 characters are all that is shown."""
