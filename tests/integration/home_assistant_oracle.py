"""Home Assistant's own word on our messages: its schemas take them, its templates render them.

Runs in an environment of its own (`requirements/home-assistant.lock`), so nothing of ours is
imported here. Reads JSON from stdin: `messages`, discovery payloads by topic; `said`, texts by
topic that entities are to show. Answers, by topic of the message and name of the entity, with what
Home Assistant makes of each: `config` as validated, `states` and `availability` as rendered. What
it refuses is an error.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from typing import Any

from homeassistant.components.mqtt.discovery import (
    TOPIC_MATCHER,
    _merge_common_device_options,
    _replace_all_abbreviations,
)
from homeassistant.components.mqtt.models import MqttValueTemplate
from homeassistant.components.mqtt.schemas import DEVICE_DISCOVERY_SCHEMA
from homeassistant.core import HomeAssistant


def components_of(payload: str) -> dict[str, dict[str, Any]]:
    """As its discovery splits a device's message; raises what its schemas raise."""
    message = json.loads(payload)
    _replace_all_abbreviations(message)
    DEVICE_DISCOVERY_SCHEMA(message)
    components: dict[str, dict[str, Any]] = {}
    for name, component in message["components"].items():
        platform = component.pop("platform")
        component["device"] = message["device"]
        _merge_common_device_options(component, message)
        schema = importlib.import_module(f"homeassistant.components.mqtt.{platform}")
        unknown = set(component) - _keys(schema.PLATFORM_SCHEMA_MODERN) - {"device"}
        if unknown:  # REMOVE_EXTRA would drop them in silence
            raise ValueError(f"{name}: {platform} knows no {sorted(unknown)}")
        components[name] = {"platform": platform, **schema.DISCOVERY_SCHEMA(component)}
    return components


def _keys(schema: Any) -> set[str]:
    """Every key that a platform's schema knows."""
    if hasattr(schema, "validators"):
        return {key for one in schema.validators for key in _keys(one)}
    table = getattr(schema, "schema", schema)
    return {str(key) for key in table} if isinstance(table, dict) else set()


def states(hass: HomeAssistant, config: dict[str, Any], said: dict[str, list[str]]) -> list[str]:
    """What the entity makes of each text on its topic."""
    topic = str(config.get("state_topic"))
    template = config.get("value_template")
    if template is None:
        return said.get(topic, [])
    template.hass = hass
    render = MqttValueTemplate(template).async_render_with_possible_json_value
    return [str(render(text)) for text in said.get(topic, [])]


def available(hass: HomeAssistant, config: dict[str, Any], said: dict[str, list[str]]) -> list[str]:
    """What each of its availability topics says last."""
    words = []
    for one in config.get("availability", []):
        one["value_template"].hass = hass
        render = MqttValueTemplate(one["value_template"]).async_render_with_possible_json_value
        words += [str(render(text)) for text in said.get(one["topic"], [])[-1:]]
    return words


async def main() -> None:
    asked = json.load(sys.stdin)
    hass = HomeAssistant("/nonexistent")
    answer: dict[str, dict[str, Any]] = {}
    for topic, payload in asked["messages"].items():
        if not TOPIC_MATCHER.match(topic.removeprefix("homeassistant/")):
            raise ValueError(f"{topic} is no discovery topic")
        answer[topic] = {
            name: {
                "config": json.loads(json.dumps(config, default=str)),
                "states": states(hass, config, asked["said"]),
                "availability": available(hass, config, asked["said"]),
            }
            for name, config in components_of(payload).items()
        }
    sys.stdout.write(json.dumps(answer))


asyncio.run(main())
