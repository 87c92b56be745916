"""A broker's topics of its own for each test, somebody who hears all that is said there, two
brokers, the site's and the cloud's, for tests that stop one, and a worker in the cloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.integration.warm_worker import WarmWorker
from tests.servers import Broker
from tests.system.sites import Ear, ear


@pytest.fixture
def root(request: pytest.FixtureRequest) -> str:
    return f"t{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture
def listening(mosquitto: Broker, root: str) -> Iterator[Ear]:
    with ear(mosquitto, root) as heard:
        yield heard


@pytest.fixture(scope="module")
def heard(mosquitto: Broker, request: pytest.FixtureRequest) -> Iterator[Ear]:
    """All that is said below the module's own `ROOT`."""
    root = vars(request.module)["ROOT"]
    with ear(mosquitto, root) as listening:
        yield listening


@pytest.fixture(scope="session")
def cloud() -> Iterator[WarmWorker]:
    """Serves for one test after another, for each with topics, store and policy of its own."""
    worker = WarmWorker()
    yield worker
    worker.end()


@pytest.fixture
def site_broker(tmp_path: Path) -> Iterator[Broker]:
    """The site's broker, of the test's own: it may be stopped, held or killed."""
    yield from _broker(tmp_path / "site-broker")


@pytest.fixture
def cloud_broker(tmp_path: Path) -> Iterator[Broker]:
    """The broker towards the cloud, of the test's own; see `sites.uplink`."""
    yield from _broker(tmp_path / "cloud-broker")


def _broker(folder: Path) -> Iterator[Broker]:
    folder.mkdir()
    with servers.mosquitto(folder) as broker:
        yield broker
