"""A camera's device in Home Assistant: threat, picture, suspicions, verdicts, health, switches.

PURE. Called by `announcer`.
"""

from __future__ import annotations

import json
from dataclasses import replace

from contract.ids import CameraId
from contract.topics import Setting
from contract.verdict import VERDICT_TYPE
from edge.home_assistant.discovery import (
    Announced,
    HomeEntity,
    device_id,
    device_message,
    figure,
    gateway_lives,
)
from edge.metrics.funnel import Funnel

DECISIONS = ("confirmed", "refuted", "inconclusive", "unconfirmed")
SUSPICION = "suspicion"

_WATCHED = "{{ 'online' if value in ('online', 'degraded') else 'offline' }}"
_SHOWN_BY_DEFAULT = ("suspicions", "confirmed", "refuted")
_SWITCHES: dict[Setting, tuple[str, str]] = {
    "armed": ("Armed", "mdi:shield-home"),
    "enabled": ("Enabled", "mdi:cctv"),
}


def camera_message(told: Announced, camera: CameraId) -> bytes:
    """A camera's device: threat, picture, what was suspected and decided, health, switches."""
    topics, id_ = told.topics, device_id(told, camera)
    lives = [gateway_lives(told)]
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
        "via_device": device_id(told),
    }
    return device_message(told, id_, device, components, [*lives, watched])


def removal_message(told: Announced, camera: CameraId) -> bytes:
    """Each entity with its platform alone, by which Home Assistant removes it.

    By an empty message its 2025.1 removes nothing of a device whose topic has two names.
    """
    facts = json.loads(camera_message(replace(told, image=True), camera))
    whole = facts["components"]
    facts["components"] = {name: {"platform": one["platform"]} for name, one in whole.items()}
    return json.dumps(facts, sort_keys=True).encode()


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
        "fps": figure("Frame rate", health, "{{ value_json.fps_in }}")
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
        counts[f"count_{key}"] = figure(key.capitalize(), stats, template) | {
            "state_class": "total_increasing",
            "enabled_by_default": key in _SHOWN_BY_DEFAULT,
        }
    return counts


def _of_verdict(template: str) -> str:
    """Nothing of what else is on the topic, nor of samples and self-tests, which are no alarms."""
    mine = f"value_json.type == '{VERDICT_TYPE}' and not value_json.data.get('audit')"
    return f"{{% if {mine} and not value_json.data.get('test') %}}{template}{{% endif %}}"
