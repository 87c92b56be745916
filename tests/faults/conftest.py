"""The layout of a whole site for each test that asks for it, with servers of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.layout import Layout
from tests.faults.seats import broker_seat, store_seat


def scaled(name: str, default: int) -> int:
    """A number of repetitions; an environment variable of that name sets another."""
    return int(os.environ.get(name, default))


@pytest.fixture
def persistence() -> bool:
    """Whether the brokers remember; a test may say otherwise by a parameter of this name."""
    return True


@pytest.fixture
def layout(
    request: pytest.FixtureRequest, tmp_path: Path, *, persistence: bool
) -> Iterator[Layout]:
    """Two brokers and a store that run; daemon, workers and ears are the test's to start."""
    root = f"f{abs(hash(request.node.nodeid)) % 10**8}"
    with (
        broker_seat(tmp_path / "site", persistence=persistence) as site,
        broker_seat(tmp_path / "uplink", persistence=persistence) as cloud,
        store_seat(tmp_path / "store") as store,
    ):
        yield Layout(folder=tmp_path, root=root, site=site, cloud=cloud, store=store)
