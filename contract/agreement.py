"""Topic, camera and id of a message agree, or it is refused.

PURE. Whoever may publish on one topic must not be able to speak of another camera or gateway, so
what a message says of where it belongs is held against where it was published. Both directions use
it: the workers for reports, the gateway for what the cloud says.
"""

from __future__ import annotations

from typing import Protocol

from contract.ids import CameraId, GatewayId, ReportId
from contract.topics import parse_camera_topic


class Placed(Protocol):
    """A message about one report."""

    @property
    def report_id(self) -> ReportId: ...

    @property
    def gateway(self) -> GatewayId: ...

    @property
    def camera(self) -> CameraId: ...


def source_of(message: Placed) -> str:
    """The CloudEvents `source` of everything about the camera."""
    return f"/gateways/{message.gateway}/cameras/{message.camera}"


def id_flaw(message: Placed) -> str | None:
    """What is wrong if the report's id is of another camera than the message says."""
    if message.report_id.startswith(f"{message.gateway}.{message.camera}."):
        return None
    return f"report id {message.report_id} is not of {message.gateway}/{message.camera}"


def topic_flaw(message: Placed, topic: str, root: str) -> str | None:
    """What is wrong if it was published on the topic of another camera."""
    place = parse_camera_topic(topic, root)
    if place is not None and (place.gateway, place.camera) == (message.gateway, message.camera):
        return None
    return f"a message of {message.gateway}/{message.camera} on another's topic, {topic}"
