"""Servers shared by a whole test run; each starts when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import databases, servers

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Broker]:
    """A Mosquitto for tests that use topics of their own; to stop one, start one of your own."""
    with servers.mosquitto(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield broker


@pytest.fixture(scope="session")
def iotcore_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Broker]:
    """The embedded broker for tests that use topics of their own."""
    with servers.iotcore_broker(tmp_path_factory.mktemp("iotcore")) as broker:
        yield broker


@pytest.fixture(scope="session")
def postgresql() -> Iterator[databases.PostgreSql]:
    """A database server for tests that make databases of their own."""
    with databases.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.S3]:
    """An S3 server for tests that use keys of their own."""
    with servers.seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server
