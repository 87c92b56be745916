"""A broker's topics of its own for each test, and somebody who hears all that is said there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import Broker
from tests.system.sites import Ear, ear


@pytest.fixture
def root(request: pytest.FixtureRequest) -> str:
    return f"t{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture
def listening(mosquitto: Broker, root: str) -> Iterator[Ear]:
    with ear(mosquitto, root) as heard:
        yield heard
