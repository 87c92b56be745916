"""`edge import frigate`: another program's configuration as ours, on stdout.

What comes out is checked as `check-config` does, before it is printed.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from edge.config.load import read
from edge.config.parse import MAX_BYTES
from edge.errors import ConfigError, ConfigProblem
from edge.frigate.translate import bridge_yaml, edge_yaml

REFUSALS: Mapping[type[Exception], str] = {}


def command(options: argparse.Namespace) -> int:
    """Prints; raises `ConfigError` with everything that cannot be translated."""
    document = _bytes_of(options.file)
    if options.bridge:
        print(bridge_yaml(document, os.environ), end="")
        return 0
    text = edge_yaml(document, os.environ)
    read(text.encode(), {})
    print(text, end="")
    return 0


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigError((ConfigProblem(path=str(path), problem=problem),)) from error
