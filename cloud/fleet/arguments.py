"""The options of `fleet`. Called by `__main__`, and loads nothing."""

from __future__ import annotations

import argparse

from cloud.arguments import add_broker, add_settings


def add_fleet_verbs(parser: argparse.ArgumentParser) -> None:
    """`list`, `show` and `watch`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="a line per gateway; exit status 3 if one is not well")
    listing.add_argument("--unwell", action="store_true", help="only those that are not well")
    show = verbs.add_parser("show", help="everything that is known of one gateway")
    show.add_argument("gateway", metavar="GATEWAY", help="its id")
    watch = verbs.add_parser("watch", help="say when one falls silent or is back, until stopped")
    watch.add_argument(
        "--after-s",
        type=float,
        default=5.0,
        metavar="N",
        help="silence that is over sooner is not told (default 5)",
    )
    for one in (listing, show, watch):
        one.add_argument("--json", action="store_true", help="one JSON object per line")
        one.add_argument(
            "--silent-s",
            type=float,
            default=900.0,
            metavar="N",
            help="a gateway of which nothing was heard for this long is silent, whatever its "
            "status says (default 900)",
        )
        one.add_argument(
            "--settle-s",
            type=float,
            default=1.0,
            metavar="N",
            help="everything retained is there once nothing came for this long (default 1)",
        )
        add_broker(one)
        one.add_argument("--root", help="first part of every topic")
        add_settings(one)
