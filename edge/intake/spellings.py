"""Cameras whose names become one id: their pictures would be one camera's, and nobody would know.

SHELL (logs). `Front Door` and `front.door` are both `front_door`. Remembered are the spellings of
each camera that is followed. Called by `mqtt` with each admitted picture.
"""

from __future__ import annotations

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.intake.camera_topics import spelled_in
from edge.records import Message
from service.events import Event, log

_SHOWN = 80
_MOST = 8
"""Spellings of one camera; after so many there is nothing more to say."""


class Spellings:
    """Of the cameras that are followed."""

    def __init__(self) -> None:
        self._known: dict[CameraId, list[str]] = {}

    def note(self, config: EdgeConfig, message: Message) -> None:
        """A picture came; each name of its camera after the first, as topics or messages spell it,
        is logged once."""
        camera, name = message.camera, message.name or spelled_in(config, message.topic)
        if name is None:
            return
        known = self._known.setdefault(camera, [])
        if name in known or len(known) >= _MOST:
            return
        known.append(name)
        if len(known) > 1:
            log(
                Event.CAMERA_NAMES_MIXED,
                camera=camera,
                names=[known[0][:_SHOWN], name[:_SHOWN]],
                action="give one of them an id of its own by cameras.<id>.topic, or let it send "
                "another where its id stands in JSON",
            )

    def forget(self, camera: CameraId) -> None:
        """Its slot went to another."""
        self._known.pop(camera, None)
