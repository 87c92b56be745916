"""The example is a configuration, and shows the defaults."""

from __future__ import annotations

from bridge.config import SourceConfig, load
from service.documents import ROOT


def test_the_example_loads_to_the_defaults() -> None:
    gate = load(ROOT / "config" / "bridge.example.yaml").cameras["gate"]
    assert gate == SourceConfig(source=gate.source)
