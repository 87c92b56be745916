"""The guide to rules: every example is a configuration that loads, and does what the text says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.config.load import read
from edge.config.schema import EdgeConfig

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "rules.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def test_there_is_an_example_for_each_kind_of_condition() -> None:
    assert len(EXAMPLES) >= 8
    whole = "\n".join(EXAMPLES)
    keys = ("zones:", "lines:", "loitering_s:", "schedules:", "object_masks:", "motion_masks:")
    for key in (*keys, "night:", "armed:", "max_ratio:", "overlap:"):
        assert key in whole, key


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_example_loads_and_says_something(example: str) -> None:
    assert read(example.encode(), {}).config != EdgeConfig()
