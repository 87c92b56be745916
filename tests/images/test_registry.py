"""From the builder's store over a registry to a device that had nothing: both architectures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images.containers import ALONE, inspected, python
from tests.images.emulation import as_a_board
from tests.processes import HOST, accepts, free_port, until
from tools.build.images.build import EDGE_AMD64, EDGE_ARM64, SLIM
from tools.build.images.engine import Engine, open_engine
from tools.build.images.registry import compressed_bytes, push, registry

EDGE_BYTES, SLIM_BYTES = 200_000_000, 100_000_000
VERSION_LABEL = "org.opencontainers.image.version"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty registry's address."""
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    with registry(folder, port) as process:
        until(lambda: accepts(port), process, folder / "log")
        yield f"{HOST}:{port}"


@pytest.fixture
def device(engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """Another engine, with an empty store."""
    opened = open_engine(engine.folder / f"device-{tmp_path.name}")
    assert opened.podman("images", "--quiet") == ""
    yield opened
    opened.remove_all()
    shutil.rmtree(opened.folder)


def test_the_slim_image_is_small_to_fetch(engine: Engine, slim: str, host: str) -> None:
    digest = push(engine, [SLIM.tag], f"{host}/slim:test")
    assert slim
    assert compressed_bytes(host, "slim", digest)["amd64"] <= SLIM_BYTES


def test_a_device_gets_its_own_architecture_by_one_digest(
    engine: Engine,
    device: Engine,
    slim: str,
    edge_amd64: str,
    edge_arm64: str,
    host: str,
    tmp_path: Path,
) -> None:
    digest = push(engine, [EDGE_AMD64.tag, EDGE_ARM64.tag], f"{host}/edge:test")
    moved = push(engine, [SLIM.tag], f"{host}/edge:test")
    assert slim
    assert moved != digest
    assert max(compressed_bytes(host, "edge", digest).values()) <= EDGE_BYTES
    image = f"{host}/edge@{digest}"
    for arch, ours in (("amd64", edge_amd64), ("arm64", edge_arm64)):
        platform = f"--platform=linux/{arch}"
        device.podman("pull", "--quiet", "--tls-verify=false", platform, image)
        board = as_a_board(tmp_path) if arch == "arm64" else ()
        told = python(device, image, "import platform; print(platform.machine())", platform, *board)
        assert told.strip() == MACHINES[arch]
        assert inspected(device, image)["RootFS"] == inspected(engine, ours)["RootFS"]
        assert inspected(device, image)["Healthcheck"]
        version = device.podman("run", *ALONE, platform, *board, image, "--version").strip()
        assert inspected(device, image)["Config"]["Labels"][VERSION_LABEL] == version
