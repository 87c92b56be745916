"""Defaults of `intake` for what other programs publish, by the name of the program.

PURE. A preset says nothing that could not be written out: it fills keys that are not given. The
topics and payloads are those that each project documents; `docs/payloads.md` shows what becomes of
a sample of each. Read through `edge.config.intake`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Preset = Literal[
    "frigate", "ring-mqtt", "neolink", "yi-hack", "blue-iris", "kerberos", "zigbee2mqtt"
]

PRESETS: Mapping[str, Mapping[str, object]] = {
    "frigate": {"topics": ["frigate/{camera}/+/snapshot"]},
    "ring-mqtt": {"topics": ["ring/+/camera/{camera}/snapshot/image"]},
    "neolink": {"topics": ["neolink/{camera}/status/preview"]},
    "yi-hack": {"topics": ["{camera}/motion_detection_image"]},
    "blue-iris": {
        "topics": ["BlueIris/{camera}/alert-image-b64"],
        "json_paths": {"image": ["image", "Image", "image_b64"], "time": ["timestamp", "time"]},
    },
    "kerberos": {
        "topics": ["kerberos/hub/+", "kerberos/hub/+/+", "kerberos/keyframes/+"],
        "json_paths": {
            "image": ["payload.value.image", "payload.value.chunk"],
            "id": ["device_id"],
            "part": ["payload.value.chunkIndex"],
            "parts": ["payload.value.chunkCount"],
        },
    },
    "zigbee2mqtt": {"topics": ["zigbee2mqtt/{camera}"]},
}


def filled_in(section: object) -> object:
    """The section `intake` of a document, with what its preset says where it says nothing."""
    if not isinstance(section, dict):
        return section
    return {**PRESETS.get(str(section.get("preset")), {}), **section}
