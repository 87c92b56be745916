"""Containers under test: locked up as on a gateway, alone or as a part of a running site."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.integration.cloud_workers import Serving
from tests.processes import child, free_port, until
from tests.servers import S3, Broker
from tests.system.sites import Edge
from tools.build.images.engine import Engine

LOCKED_UP = (
    *("--rm", "--read-only", "--read-only-tmpfs=false", "--cap-drop=all"),
    *("--security-opt=no-new-privileges", "--pids-limit=100"),
)
ALONE = (*LOCKED_UP, "--network=none")
STATE = "/var/lib/stillwatch"
SECRET = "/run/secrets/s3.ini"  # noqa: S105, a path


def memory(mib: int) -> tuple[str, ...]:
    """A limit without swap."""
    return f"--memory={mib}m", f"--memory-swap={mib}m"


def readable(path: Path) -> str:
    """`path` for a mount, read-only, whoever the container's user is."""
    for one in [path, *path.rglob("*")] if path.is_dir() else [path]:
        one.chmod(0o755 if one.is_dir() else 0o644)
    return str(path)


def python(engine: Engine, image: str, code: str, *options: str) -> str:
    """What Python code prints within the image, locked up and alone."""
    return engine.podman("run", *ALONE, *options, "--entrypoint=python3", image, "-c", code)


def inspected(engine: Engine, image: str) -> dict[str, Any]:
    """What the engine knows of an image."""
    found: list[dict[str, Any]] = json.loads(engine.podman("image", "inspect", image))
    return found[0]


def replayed(engine: Engine, image: str, pictures: Path, *options: str) -> list[dict[str, Any]]:
    """The edge's replay over a folder of pictures, each of them looked at; a record per picture."""
    mount = f"--volume={readable(pictures)}:/pictures:ro"
    ungated = "--env=STILLWATCH__GATE__ENABLED=false"
    told = engine.podman("run", *ALONE, *options, mount, ungated, image, "replay", "/pictures")
    return [json.loads(line) for line in told.splitlines()][:-1]


@contextmanager
def edge(
    engine: Engine, image: str, folder: Path, config: Mapping[str, Any], options: Sequence[str]
) -> Iterator[Edge]:
    """The daemon in a container on the machine's network, ready; state in a volume of its own.

    Its process is the engine's client, which passes signals on and ends with the same status.
    """
    file, log, port = folder / "edge.yaml", folder / "edge.log", config["runtime"]["metrics_port"]
    file.write_text(yaml.safe_dump(dict(config)))
    mounts = [f"--volume={readable(file)}:/etc/stillwatch/edge.yaml:ro"]
    mounts += [f"--volume=state-{port}:{STATE}"]
    command = ["run", *LOCKED_UP, "--network=host", f"--name=edge-{port}", *mounts, *options]
    with child([str(engine.folder / "podman"), *command, image], log, patience_s=30) as process:
        running = Edge(process=process, port=port, log=log, config=file)
        until(lambda: running.health().get("status") == "ok", process, log)
        yield running


@contextmanager
def worker(
    engine: Engine, image: str, folder: Path, broker: Broker, store: S3, root: str
) -> Iterator[Serving]:
    """A cloud worker in a container that has its model open and holds its subscription."""
    port, log = free_port(), folder / "worker.log"
    spec = store.spec().replace(str(store.credentials_file), SECRET)
    mount = f"--volume={readable(store.credentials_file)}:{SECRET}:ro"
    command = ["run", *LOCKED_UP, *memory(1500), "--network=host", f"--name=worker-{port}", mount]
    command += [f"--env=STILLWATCH_CLOUD_METRICS_PORT={port}", image, "serve", "--root", root]
    command += ["--broker", f"mqtt://{broker.host}:{broker.port}", "--store", spec]
    with child([str(engine.folder / "podman"), *command], log, patience_s=30) as process:
        serving = Serving(process=process, port=port, log=log)
        until(serving.subscribed, process, log)
        yield serving


def ended(process: subprocess.Popen[bytes]) -> int:
    """The exit status after the process was asked to stop."""
    process.terminate()
    return process.wait(30)
