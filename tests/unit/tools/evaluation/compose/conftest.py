"""Materials that are drawn, once for all tests of composed scenes."""

from __future__ import annotations

import pytest

from tests.unit.tools.evaluation.compose.staged import DRAWN
from tools.evaluation.compose.materials import Materials


@pytest.fixture(scope="session")
def materials() -> Materials:
    return DRAWN
