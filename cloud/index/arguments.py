"""The options of `reindex`.

PURE. Called by `__main__`, and loads nothing.
"""

from __future__ import annotations

import argparse

from cloud.arguments import add_keys, add_store


def add_reindex(parser: argparse.ArgumentParser) -> None:
    """Of which store, and how much of it is read."""
    add_store(parser)
    add_keys(parser)
    parser.add_argument(
        "--missing",
        action="store_true",
        help="read only alarms of which the store lists what the index lacks",
    )
