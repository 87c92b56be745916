"""The options of `verify-evidence` and `retain`. Called by `__main__`, and loads nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from cloud.arguments import add_keys, add_store


def add_upkeep(check: argparse.ArgumentParser, prune: argparse.ArgumentParser) -> None:
    """Of which store and gateway, how exactly, and whether anything is removed."""
    for subcommand in (check, prune):
        add_store(subcommand)
        add_keys(subcommand)
        subcommand.add_argument("--gateway", help="only this gateway")
        subcommand.add_argument("--json", action="store_true", help="one JSON object per line")
    check.add_argument("--quick", action="store_true", help="compare sizes only, read no picture")
    check.add_argument(
        "--grace-h",
        type=float,
        default=24.0,
        help="hours for which a report may wait for its verdict",
    )
    check.add_argument(
        "--heads",
        type=Path,
        metavar="FILE",
        help="where each chain ended at the last check; read, then written: keep it elsewhere",
    )
    prune.add_argument(
        "--delete",
        action="store_true",
        help="really remove; without it, only list what would be removed",
    )
