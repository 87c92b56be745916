"""The layout of a whole site for each test that asks for it, with servers of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.layout import Layout
from tests.faults.seats import broker_seat, store_seat


def scaled(name: str, default: int) -> int:
    """A number of repetitions; an environment variable of that name sets another."""
    return int(os.environ.get(name, default))


@contextmanager
def open_layout(folder: Path, root: str, *, persistence: bool = True) -> Iterator[Layout]:
    """Two brokers and a store that run; daemon, workers and ears are the test's to start."""
    with (
        broker_seat(folder / "site", persistence=persistence) as site,
        broker_seat(folder / "uplink", persistence=persistence) as cloud,
        store_seat(folder / "objects") as store,
    ):
        yield Layout(folder=folder, root=root, site=site, cloud=cloud, store=store)


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    """With brokers that remember."""
    with open_layout(tmp_path, "faults") as opened:
        yield opened
