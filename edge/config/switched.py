"""The configuration as switches leave it: cameras armed or disarmed, enabled or not, from afar.

PURE. The last command on a switch's topic stands over the file's `armed` and `enabled` until
another comes. Called by `edge.daemon.camera_controls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from contract.ids import CameraId
from contract.topics import Setting
from edge.config.schema import EdgeConfig

SETTINGS: tuple[Setting, ...] = get_args(Setting)

Positions = Mapping[CameraId, Mapping[Setting, bool]]
"""The commands, by camera; what is absent was never set."""


def switched(config: EdgeConfig, positions: Positions) -> EdgeConfig:
    """`config` with the switches in their positions.

    A camera that is not listed gets its own entry, which makes it listed: so only while unlisted
    cameras are let in at all.
    """
    changed = {
        camera: config.of_camera(camera).model_copy(
            update={str(name): on for name, on in settings.items()}
        )
        for camera, settings in positions.items()
        if camera in config.cameras or config.intake.discovery
    }
    if not changed:
        return config
    return config.model_copy(update={"cameras": {**config.cameras, **changed}})


def position(config: EdgeConfig, camera: CameraId, setting: Setting) -> bool:
    """Where the switch stands in a configuration that was `switched`."""
    settings = config.of_camera(camera)
    match setting:
        case "armed":
            return settings.armed
        case "enabled":
            return settings.enabled
