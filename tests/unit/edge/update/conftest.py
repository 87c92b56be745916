"""One gateway for each test of its updates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.edge.update.updated_sites import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)
