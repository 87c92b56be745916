"""What Home Assistant is told: one device for the gateway, one for each camera.

PURE. Device-based discovery (Home Assistant 2024.11 and newer): a retained JSON message per device,
with all its entities. Ids never change: automations hang on them. Everything that an entity shows
is on topics that people without Home Assistant read too. Called by `announcer`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from contract.ids import CameraId
from contract.topics import Setting, Topics
from contract.verdict import VERDICT_TYPE
from edge.metrics.funnel import Funnel

HomeEntity = dict[str, object]

ORIGIN = "Stillwatch"
DECISIONS = ("confirmed", "refuted", "inconclusive", "unconfirmed")
SUSPICION = "suspicion"

_WATCHED = "{{ 'online' if value in ('online', 'degraded') else 'offline' }}"
_SHOWN_BY_DEFAULT = ("suspicions", "confirmed", "refuted")
_SWITCHES: dict[Setting, tuple[str, str]] = {
    "armed": ("Armed", "mdi:shield-home"),
    "enabled": ("Enabled", "mdi:cctv"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What all messages of a gateway have in common; `image` and `self_test`: whether there is one
    to show, or to press for."""

    topics: Topics
    prefix: str
    version: str
    image: bool = True
    self_test: bool = True


def gateway_topic(told: Announced) -> str:
    """Where the gateway's device is announced."""
    return f"{told.prefix}/device/{told.topics.gateway}/config"


def camera_topic(told: Announced, camera: CameraId) -> str:
    """Where a camera's is; below the gateway's name, so that no two pairs of names meet."""
    return f"{told.prefix}/device/{told.topics.gateway}/{camera}/config"


def gateway_message(told: Announced) -> bytes:
    """The gateway's device: does it live, would an alarm arrive, what waits."""
    topics, id_ = told.topics, _id(told)
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
        "waiting": _figure(
            "Reports waiting", stats, "{{ value_json.outbox.entries.values() | sum }}"
        ),
        "memory": _figure("Memory", stats, "{{ value_json.rss_bytes }}")
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
    device = {"name": f"Stillwatch {topics.gateway}", "model": "Gateway"}
    return _message(told, id_, device, components, [_gateway_lives(told)])


def camera_message(told: Announced, camera: CameraId) -> bytes:
    """A camera's device: threat, picture, what was suspected and decided, health, switches."""
    topics, id_ = told.topics, _id(told, camera)
    lives = [_gateway_lives(told)]
    status = topics.of_camera(camera, "status")
    watched: dict[str, object] = {"topic": status, "value_template": _WATCHED}
    switches: dict[str, HomeEntity] = {
        name: _switch(told, camera, name, lives) for name in _SWITCHES
    }
    components = (
        _alarms(told, camera) | _condition(told, camera, lives) | switches | _funnel(told, camera)
    )
    device = {
        "name": camera.replace("_", " ").replace("-", " ").strip().capitalize() or camera,
        "model": "Camera",
        "via_device": _id(told),
    }
    return _message(told, id_, device, components, [*lives, watched])


def _alarms(told: Announced, camera: CameraId) -> dict[str, HomeEntity]:
    topics = told.topics
    verdict = topics.of_camera(camera, "verdict")
    alarms: dict[str, HomeEntity] = {
        "threat": {
            "platform": "binary_sensor",
            "name": "Threat",
            "device_class": "safety",
            "state_topic": topics.of_camera(camera, "threat"),
        },
        "severity": {
            "platform": "sensor",
            "name": "Severity",
            "icon": "mdi:alert-octagram",
            "state_class": "measurement",
            "state_topic": verdict,
            "value_template": _of_verdict("{{ value_json.data.severity }}"),
        },
        "suspicion": {
            "platform": "event",
            "name": "Suspicion",
            "icon": "mdi:account-question",
            "event_types": [SUSPICION],
            "state_topic": topics.of_camera(camera, "suspicion"),
        },
        "verdict": {
            "platform": "event",
            "name": "Verdict",
            "icon": "mdi:gavel",
            "event_types": list(DECISIONS),
            "state_topic": verdict,
            "value_template": _of_verdict(
                "{{ {'event_type': value_json.data.decision, 'label': value_json.data.label, "
                "'score': value_json.data.score, 'severity': value_json.data.severity, "
                "'decided_by': value_json.data.decided_by, 'reasons': value_json.data.reasons, "
                "'report_id': value_json.data.report_id} | tojson }}"
            ),
        },
    }
    if told.image:
        alarms["image"] = {
            "platform": "image",
            "name": "Last evidence",
            "content_type": "image/jpeg",
            "image_topic": topics.of_camera(camera, "image"),
        }
    return alarms


def _condition(
    told: Announced, camera: CameraId, lives: list[dict[str, object]]
) -> dict[str, HomeEntity]:
    status = told.topics.of_camera(camera, "status")
    health = told.topics.of_camera(camera, "health")
    return {
        "connectivity": {
            "platform": "binary_sensor",
            "name": "Connection",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "availability": lives,
            "state_topic": status,
            "value_template": "{{ 'ON' if value in ('online', 'degraded') else 'OFF' }}",
        },
        "problem": {
            "platform": "binary_sensor",
            "name": "Problem",
            "device_class": "problem",
            "entity_category": "diagnostic",
            "availability": lives,
            "state_topic": health,
            "value_template": "{{ 'OFF' if value_json.status in ('online', 'disabled') "
            "else 'ON' }}",
            "json_attributes_topic": health,
        },
        "fps": _figure("Frame rate", health, "{{ value_json.fps_in }}")
        | {"unit_of_measurement": "fps", "suggested_display_precision": 1},
    }


def _switch(
    told: Announced, camera: CameraId, setting: Setting, lives: list[dict[str, object]]
) -> HomeEntity:
    """Turned while the camera itself is away, too: it may be away because it is disabled."""
    name, icon = _SWITCHES[setting]
    return {
        "platform": "switch",
        "name": name,
        "icon": icon,
        "availability": lives,
        "state_topic": told.topics.of_setting(camera, setting, "state"),
        "command_topic": told.topics.of_setting(camera, setting, "set"),
        "qos": 1,
        "retain": False,
    }


def _funnel(told: Announced, camera: CameraId) -> dict[str, HomeEntity]:
    """What became of frames and suspicions since the gateway's start."""
    stats = told.topics.of_gateway("stats")
    counts: dict[str, HomeEntity] = {}
    for key, value in Funnel().as_json().items():
        path = f"value_json.cameras.get('{camera}', {{}}).get('{key}'"
        template = (
            f"{{% set counts = {path}, {{}}) %}}"
            "{% if counts is mapping %}{{ counts.values() | sum }}{% endif %}"
            if isinstance(value, dict)
            else f"{{{{ {path}, '') }}}}"
        )
        counts[f"count_{key}"] = _figure(key.capitalize(), stats, template) | {
            "state_class": "total_increasing",
            "enabled_by_default": key in _SHOWN_BY_DEFAULT,
        }
    return counts


def _figure(name: str, topic: str, template: str) -> HomeEntity:
    return {
        "platform": "sensor",
        "name": name,
        "entity_category": "diagnostic",
        "state_class": "measurement",
        "state_topic": topic,
        "value_template": template,
    }


def _of_verdict(template: str) -> str:
    """Nothing of what else is on the topic, nor of samples and self-tests, which are no alarms."""
    mine = f"value_json.type == '{VERDICT_TYPE}' and not value_json.data.get('audit')"
    return f"{{% if {mine} and not value_json.data.get('test') %}}{template}{{% endif %}}"


def _gateway_lives(told: Announced) -> dict[str, object]:
    return {
        "topic": told.topics.of_gateway("status"),
        "value_template": "{{ 'online' if value == 'online' else 'offline' }}",
    }


def _always() -> HomeEntity:
    """Available whatever happens: that the gateway is gone is what it says."""
    return {"availability": []}


def _id(told: Announced, camera: CameraId | None = None) -> str:
    """A dot is in no name, so two devices never have one id."""
    gateway = f"{told.topics.root}.{told.topics.gateway}"
    return gateway if camera is None else f"{gateway}.{camera}"


def _message(
    told: Announced,
    id_: str,
    device: dict[str, str],
    components: dict[str, HomeEntity],
    availability: list[dict[str, object]],
) -> bytes:
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
