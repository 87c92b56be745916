"""Cameras whose names become one id: their pictures would be one camera's, and nobody would know.

SHELL (logs). `Front Door` and `front.door` are both `front_door`. Remembered is the first spelling
of each camera that is followed. Called by `mqtt` with each admitted picture.
"""

from __future__ import annotations

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.intake.camera_topics import spelled_in
from service.events import Event, log

_SHOWN = 80


class Spellings:
    """Of the cameras that are followed."""

    def __init__(self) -> None:
        self._first: dict[CameraId, str] = {}

    def note(self, config: EdgeConfig, camera: CameraId, topic: str) -> None:
        """A picture of `camera` came; a second name for it, as topics spell it, is logged."""
        name = spelled_in(config, topic)
        if name is None:
            return
        first = self._first.setdefault(camera, name)
        if name != first:
            log(
                Event.CAMERA_NAMES_MIXED,
                camera=camera,
                names=[first[:_SHOWN], name[:_SHOWN]],
                action="give one of them an id of its own by cameras.<id>.topic",
            )

    def forget(self, camera: CameraId) -> None:
        """Its slot went to another."""
        self._first.pop(camera, None)
