"""Options of `disagreements`. Called by whoever builds a parser, without what the command needs."""

from __future__ import annotations

import argparse
from pathlib import Path

from cloud.arguments import add_keys, add_store


def add_disagreements(parser: argparse.ArgumentParser) -> None:
    """Which verdicts are listed, and where their pictures go."""
    add_store(parser)
    add_keys(parser)
    parser.add_argument("--gateway", help="only this gateway")
    parser.add_argument("--since", metavar="TIME", help="only what was decided then or later")
    parser.add_argument(
        "--most", type=int, default=1000, metavar="N", help="so many at most, the newest"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write their pictures, a contact sheet and labels.jsonl there",
    )
