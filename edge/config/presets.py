"""Defaults of `intake` for what other programs publish, by the name of the program.

PURE. A preset says nothing that could not be written out: it fills keys that are not given. The
topics and payloads are those that each project documents; `docs/payloads.md` shows what becomes of
a sample of each. Read through `edge.config.intake`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Preset = Literal["frigate", "neolink", "yi-hack", "blue-iris", "zigbee2mqtt"]

PRESETS: Mapping[str, Mapping[str, object]] = {
    "frigate": {
        "topics": [
            f"frigate/{{camera}}/{label}/snapshot"
            for label in ("person", "bicycle", "car", "motorcycle", "bus", "truck")
        ]
    },
    "neolink": {"topics": ["neolink/{camera}/status/preview"]},
    "yi-hack": {"topics": ["{camera}/motion_detection_image"]},
    "blue-iris": {
        "topics": ["BlueIris/{camera}/alert-image-b64"],
        "json_paths": {"image": ["image", "Image", "image_b64"], "time": ["timestamp", "time"]},
    },
    "zigbee2mqtt": {"topics": ["zigbee2mqtt/{camera}"]},
}
"""Of Frigate's labels those of our own rules."""


def filled_in(section: object) -> object:
    """The section `intake` of a document, with what its preset says where it says nothing."""
    if not isinstance(section, dict):
        return section
    return {**PRESETS.get(str(section.get("preset")), {}), **section}
