"""A worker for each test of this folder."""

from pathlib import Path

import pytest

from tests.unit.cloud.serve.bench import Bench, bench_in


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_in(tmp_path)
