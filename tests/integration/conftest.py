"""What several modules share: the shipped brokers, one of each for all tests of a module; an
enrolment service, a root of topics and an operator for each test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.enrolment_office import Office, open_office
from tests.operators import Operator
from tests.servers import Broker
from tests.shipped_brokers import Secured, cloud_broker, site_broker


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with cloud_broker(tmp_path_factory.mktemp("cloud")) as broker:
        yield broker


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with site_broker(tmp_path_factory.mktemp("site")) as broker:
        yield broker


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        yield made


@pytest.fixture
def root() -> str:
    """Topics that no other test uses."""
    return f"t{secrets.token_hex(4)}"


@pytest.fixture
def operator(tmp_path: Path, mosquitto: Broker, root: str) -> Operator:
    return Operator(tmp_path, mosquitto, root)
