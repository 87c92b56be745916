"""What is known of every gateway and its cameras, folded from their retained messages.

PURE. A message changes one field of one record; what cannot be read changes nothing and is
counted. Gateways and cameras are bounded in number, for whoever has a gateway's certificate may
publish anything below its name. Times that gateways say are by their own clocks. Called by
`listening`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import get_args

from contract import ijson
from contract.ids import CameraId, GatewayId
from contract.topics import Presence, gateway_of, parse_camera_topic

MAX_GATEWAYS = 100_000
MAX_CAMERAS = 1000
MAX_BYTES = 262_144
"""A message of more is none of ours: `stats` of a thousand cameras have 200 kB."""

Facts = Mapping[str, object]


@dataclass(slots=True)
class FleetCamera:
    """A camera as its gateway said it last."""

    status: str = ""
    health: Facts = field(default_factory=dict)


@dataclass(slots=True)
class FleetGateway:
    """A gateway as it, or its last will, said last; `heard_at_s` is when, on our monotonic clock.
    `wrong`: messages that could not be read."""

    presence: Presence | None = None
    info: Facts = field(default_factory=dict)
    health: Facts = field(default_factory=dict)
    stats: Facts = field(default_factory=dict)
    cameras: dict[CameraId, FleetCamera] = field(default_factory=dict)
    heard_at_s: float = 0.0
    wrong: int = 0

    @property
    def seen_at(self) -> datetime | None:
        """The latest time that it said itself; None while it says that its clock is not to be
        trusted, or has said none."""
        if self.stats.get("clocksync") is False:
            return None
        said = [_time(one.get("at")) for one in (self.stats, self.health)]
        said += [_time(camera.health.get("at")) for camera in self.cameras.values()]
        return max((one for one in said if one is not None), default=None)


class FleetStates:
    """All gateways under one root."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.gateways: dict[GatewayId, FleetGateway] = {}
        self.left_out = 0

    def take(self, topic: str, payload: bytes, now: float) -> GatewayId | None:
        """Fold one message, heard at `now` (monotonic seconds); the gateway that it is of."""
        found = gateway_of(topic, self._root)
        if found is None:
            return None
        name, leaf = found
        known = self.gateways.get(name)
        if known is None:
            if not payload:
                return None
            if len(self.gateways) >= MAX_GATEWAYS:
                self.left_out += 1
                return None
            known = self.gateways[name] = FleetGateway()
        known.heard_at_s = now
        try:
            self._fold(known, topic, leaf, payload)
        except ValueError:
            known.wrong += 1
        if _empty(known):
            del self.gateways[name]
        return name

    def _fold(self, known: FleetGateway, topic: str, leaf: str, payload: bytes) -> None:
        """Raises `ValueError` for what cannot be read."""
        if len(payload) > MAX_BYTES:
            raise ValueError(f"{len(payload)} bytes")
        of_camera = parse_camera_topic(topic, self._root)
        match leaf:
            case "status":
                known.presence = _presence(payload)
            case "info":
                known.info = _facts(payload)
            case "health":
                known.health = _facts(payload)
            case "stats":
                known.stats = _facts(payload)
            case _ if of_camera is not None:
                self._fold_camera(known, of_camera.camera, of_camera.leaf, payload)

    def _fold_camera(
        self, known: FleetGateway, camera: CameraId, leaf: str, payload: bytes
    ) -> None:
        if leaf not in ("status", "health"):
            return
        one = known.cameras.get(camera)
        if one is None:
            if not payload:
                return
            if len(known.cameras) >= MAX_CAMERAS:
                self.left_out += 1
                return
            one = known.cameras[camera] = FleetCamera()
        if leaf == "status":
            one.status = payload.decode()[:16]
        else:
            one.health = _facts(payload)
        if not one.status and not one.health:
            del known.cameras[camera]


def _empty(known: FleetGateway) -> bool:
    """Whether everything that was retained of it has been removed."""
    said = known.presence, known.info, known.health, known.stats, known.cameras
    return not any(said) and not known.wrong


def _presence(payload: bytes) -> Presence | None:
    if not payload:
        return None
    words: tuple[Presence, ...] = get_args(Presence)
    for word in words:
        if payload == word.encode():
            return word
    raise ValueError(f"{payload[:16]!r} is no presence")


def _facts(payload: bytes) -> Facts:
    found = ijson.parse(payload) if payload else {}
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _time(said: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
