"""What the parts of a local run get: folders, ports, the gateway's YAML, the broker's TOML.

SHELL only in `free_port` and in making folders. Called by `run`.
"""

from __future__ import annotations

import random
import shutil
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml
from pydantic import ValidationError

from bridge import config as bridge
from bridge.config import SourceConfig, faults_of
from contract.ids import GatewayId, is_name
from edge.config.schema import EdgeConfig
from service.sections import BrokerConfig

HOST = "127.0.0.1"
GATEWAY = GatewayId("local")
SERVER_PORTS = range(22_000, 32_000)
KEPT_RUNS = 5
"""Older runs are deleted when a new one begins."""
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""Of the embedded broker: a camera's picture in base64 fits."""
DEADLINE_S = 30.0
"""A verdict that takes longer becomes `unconfirmed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where a run keeps its things."""

    run: Path

    @property
    def store(self) -> Path:
        return self.run / "store"

    @property
    def logs(self) -> Path:
        return self.run / "logs"

    @property
    def alarms(self) -> Path:
        return self.run / "alarms"

    @property
    def cloud_key(self) -> Path:
        """The key that the workers of this run sign with; the public one is beside it."""
        return self.run / "cloud.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalBroker:
    """The broker in use; `port` speaks MQTT 5 to us, `camera_port` MQTT 3.1.1 to the cameras."""

    host: str
    port: int
    camera_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSource:
    """What a camera plays."""

    camera: str
    path: Path


class BadCamera(Exception):
    """A real camera that the bridge would refuse; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgedCamera:
    """A real camera, as the bridge gets it."""

    camera: str
    source: str
    username: str | None = None
    password_file: Path | None = None


def bridged(
    sources: list[str], fps: float, username: str | None, password_file: Path | None
) -> tuple[BridgedCamera, ...]:
    """A camera per source, `camera-1` and so on; an existing folder may go without `folder:`.

    Raises `BadCamera` in words for one that the bridge would refuse.
    """
    named = [f"folder:{Path(one).resolve()}" if Path(one).is_dir() else one for one in sources]
    cameras = [
        BridgedCamera(
            camera=f"camera-{number}", source=one, username=username, password_file=password_file
        )
        for number, one in enumerate(named, 1)
    ]
    for camera in cameras:
        try:
            _of_bridge(camera, fps)
        except ValidationError as error:
            raise BadCamera(faults_of(error)) from error
    return tuple(cameras)


def _of_bridge(camera: BridgedCamera, fps: float) -> SourceConfig:
    return SourceConfig(
        source=camera.source,
        username=camera.username,
        password_file=camera.password_file,
        rate_fps=fps,
    )


def bridge_config(broker: LocalBroker, cameras: tuple[BridgedCamera, ...], fps: float) -> str:
    """The bridge's configuration as YAML."""
    config = bridge.BridgeConfig(
        broker=BrokerConfig(host=broker.host, port=broker.port),
        runtime=bridge.BridgeRuntimeConfig(metrics_port=0),
        cameras={one.camera: _of_bridge(one, fps) for one in cameras},
    )
    text: str = yaml.safe_dump(config.model_dump(mode="json", exclude_unset=True), sort_keys=False)
    return text


def make_folders(keep: Path | None, base: Path, now: datetime) -> Folders:
    """A fresh run's folders: `keep`, or a dated one in `base`, where the oldest ones give way."""
    if keep is None:
        for old in sorted(base.glob("run-*"))[: -KEPT_RUNS + 1]:
            shutil.rmtree(old, ignore_errors=True)
    folders = Folders(run=(keep or base / f"run-{now:%Y%m%d-%H%M%S-%f}").resolve())
    for folder in (folders.store, folders.logs, folders.alarms):
        folder.mkdir(parents=True, exist_ok=True)
    return folders


def prune(folder: Path, max_bytes: int) -> None:
    """Deletes the oldest files below `folder` until the rest has at most `max_bytes`."""
    aged = sorted((path.stat().st_mtime, path) for path in folder.rglob("*") if path.is_file())
    excess = sum(path.stat().st_size for _, path in aged) - max_bytes
    for _, path in aged:
        if excess <= 0:
            return
        excess -= path.stat().st_size
        path.unlink(missing_ok=True)


def free_port(ports: range = SERVER_PORTS) -> int:
    """A loopback port of these on which nothing listens. They lie below the ephemeral range, so no
    outgoing connection takes it before the server that it is for is up."""
    return next(port for port in random.SystemRandom().sample(ports, 500) if is_free(port))


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port at this moment."""
    held = held_port(port)
    if held is not None:
        held.close()
    return held is not None


def held_port(port: int) -> socket.socket | None:
    """This loopback port, bound, so that nobody else holds it or finds it free; None if somebody
    does. A server that reuses addresses, as asyncio's do, may listen there meanwhile: Linux lets it
    bind beside a socket that allows the same and does not listen."""
    held = socket.socket()
    try:
        held.bind((HOST, port))
    except OSError:
        held.close()
        return None
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return held


def sources_of(paths: list[Path]) -> tuple[CameraSource, ...]:
    """A camera per video, picture or folder; its id comes from the name."""
    sources: list[CameraSource] = []
    for path in paths:
        taken = {source.camera for source in sources}
        sources.append(CameraSource(camera=_camera_id(path, taken), path=path.resolve()))
    return tuple(sources)


def _camera_id(path: Path, taken: set[str]) -> str:
    letters = [sign if is_name(sign) else "-" for sign in path.resolve().stem.lower()]
    base = "".join(letters).strip("-")[:60] or "camera"
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (base, *numbered) if name not in taken)


def edge_config(broker: LocalBroker, folders: Folders, metrics_port: int) -> str:
    """The gateway's configuration as YAML; everything else is as it ships."""
    config = EdgeConfig.model_validate(
        {
            "gateway": {"id": GATEWAY},
            "intake": {"broker": {"host": broker.host, "port": broker.port}},
            "deliver": {
                "store": {"type": "dir", "path": folders.store},
                "outbox": {"path": folders.run / "outbox"},
                "cloud_keys": [f"{folders.cloud_key}.pub"],
                "deadline_s": DEADLINE_S,
            },
            "runtime": {"metrics_port": metrics_port, "stats_s": 1.0},
        }
    )
    text: str = yaml.safe_dump(
        {"version": 1, **config.model_dump(mode="json", exclude_unset=True)}, sort_keys=False
    )
    return text


def broker_config(broker: LocalBroker) -> str:
    """The embedded broker's TOML: loopback only, MQTT 3.1.1 and 5 on a port each."""
    lines = [
        "id = 0",
        "[router]",
        "id = 0",
        "max_connections = 1000",
        "max_outgoing_packet_count = 200",
        "max_segment_size = 104857600",
        "max_segment_count = 10",
    ]
    for name, port in (("v4.1", broker.camera_port), ("v5.1", broker.port)):
        lines += [
            f"[{name}]",
            f'name = "{name}"',
            f'listen = "{broker.host}:{port}"',
            "next_connection_delay_ms = 1",
            f"[{name}.connections]",
            "connection_timeout_ms = 60000",
            f"max_payload_size = {MAX_MESSAGE_BYTES}",
            "max_inflight_count = 100",
            "dynamic_filters = true",
        ]
    return "\n".join([*lines, ""])
