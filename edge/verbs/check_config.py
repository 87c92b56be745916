"""`edge check-config`: the effective configuration with the origin of each value, or its faults."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from edge.config.explain import explain
from edge.config.load import load
from edge.connect import open_keyring

REFUSALS: Mapping[type[Exception], str] = {}


def command(options: argparse.Namespace) -> int:
    """Prints; raises `ConfigError` with every fault."""
    loaded = load(options.config, os.environ)
    open_keyring(loaded.config)
    print(explain(loaded))
    return 0
