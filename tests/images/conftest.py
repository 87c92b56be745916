"""The images under test, built once a run from a bare base in a scratch folder.

They need root, the package registries and minutes, so a plain run of all tests leaves them out:
name the folder (`make test-images`, `pytest tests/images`). The scratch folder is
`$STILLWATCH_IMAGES`, else `var/images`; bases and layers in it make the next run quicker.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tools import CHECKOUT
from tools.build.images.base import base_tar, import_base
from tools.build.images.build import (
    BRIDGE_AMD64,
    CLOUD,
    CONSOLE,
    EDGE_AMD64,
    EDGE_ARM64,
    SLIM,
    build,
)
from tools.build.images.engine import Engine, open_engine
from tools.build.images.machine import arm64_programs, install_packages

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collected only where the command line names this folder or something in it."""
    asked = any(
        Path(argument.split("::")[0]).resolve().is_relative_to(HERE) for argument in config.args
    )
    return None if asked or not collection_path.is_relative_to(HERE) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for the emulated base comes last; everybody waits longer than usual."""
    mine = [item for item in items if item.path.is_relative_to(HERE)]
    for item in mine:
        item.add_marker(pytest.mark.timeout(1800))
    items.sort(key=lambda item: item in mine and _needs_arm64(item))


def _needs_arm64(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "arm64_base" in item.fixturenames


@pytest.fixture(scope="session")
def scratch() -> Path:
    """Where everything lies that takes long to make."""
    return Path(os.environ.get("STILLWATCH_IMAGES") or CHECKOUT / "var" / "images").resolve()


@pytest.fixture(scope="session")
def engine(scratch: Path) -> Iterator[Engine]:
    """The builder's engine; leaves no container behind."""
    if os.geteuid() != 0:
        pytest.skip("building from a bare base needs root")
    install_packages()
    opened = open_engine(scratch)
    opened.stop_all()
    yield opened
    opened.stop_all()


@pytest.fixture(scope="session")
def arm64_base(engine: Engine) -> Iterator[Future[Path]]:
    """The slowest part: begun at once, in the background of the other tests."""
    with ExitStack() as stack:
        stack.enter_context(arm64_programs())
        pool = stack.enter_context(ThreadPoolExecutor(1))
        yield pool.submit(base_tar, "arm64", engine.folder)


@pytest.fixture(scope="session")
def amd64_base(request: pytest.FixtureRequest, engine: Engine) -> str:
    """The bare base of this machine's architecture."""
    if any(map(_needs_arm64, request.session.items)):
        request.getfixturevalue("arm64_base")
    return import_base(engine, "amd64", engine.folder)


@pytest.fixture(scope="session")
def edge_amd64(engine: Engine, amd64_base: str) -> str:
    return build(engine, EDGE_AMD64, amd64_base)


@pytest.fixture(scope="session")
def bridge_amd64(engine: Engine, amd64_base: str) -> str:
    return build(engine, BRIDGE_AMD64, amd64_base)


@pytest.fixture(scope="session")
def slim(engine: Engine, amd64_base: str) -> str:
    return build(engine, SLIM, amd64_base)


@pytest.fixture(scope="session")
def console(engine: Engine, amd64_base: str) -> str:
    return build(engine, CONSOLE, amd64_base)


@pytest.fixture(scope="session")
def cloud(engine: Engine, amd64_base: str) -> str:
    return build(engine, CLOUD, amd64_base)


@pytest.fixture(scope="session")
def edge_arm64(engine: Engine, arm64_base: Future[Path]) -> str:
    arm64_base.result()
    return build(engine, EDGE_ARM64, import_base(engine, "arm64", engine.folder))
