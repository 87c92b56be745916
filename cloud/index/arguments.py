"""The options of `reindex` and `export-labels`.

PURE. Called by `__main__`, and loads nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

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


def add_export(parser: argparse.ArgumentParser) -> None:
    """What is exported, and where to."""
    add_store(parser)
    parser.add_argument("--coco", type=Path, required=True, metavar="FILE", help="the data set")
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="write the pictures there, from the store"
    )
    parser.add_argument("--gateway", help="only this gateway")
