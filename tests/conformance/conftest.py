"""An empty database of each kind, and the index in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cloud.index.database import open_index
from tests import databases


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return databases.new_database(request, tmp_path)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_index(url)
    yield engine
    engine.dispose()
