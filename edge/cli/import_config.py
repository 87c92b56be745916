"""`edge import frigate`: another program's configuration as ours, on stdout.

What comes out for the gateway is read as its configuration before it is printed; that of the bridge
holds nothing that the bridge's own check refuses, as the tests of the translation show.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from edge.config.load import read, read_file
from edge.frigate.translate import bridge_yaml, edge_yaml

REFUSALS: Mapping[type[Exception], str] = {}


def command(options: argparse.Namespace) -> int:
    """Prints; raises `ConfigError` with everything that cannot be translated."""
    document = read_file(options.file)
    if options.bridge:
        print(bridge_yaml(document, os.environ), end="")
        return 0
    text = edge_yaml(document, os.environ)
    read(text.encode(), {})
    print(text, end="")
    return 0
