"""The options of `fleet`. Called by `__main__`, and loads nothing."""

from __future__ import annotations

import argparse
import getpass
from datetime import UTC, datetime
from pathlib import Path

from cloud.arguments import add_broker, add_settings, add_store


def add_fleet_verbs(parser: argparse.ArgumentParser) -> None:
    """`list`, `show`, `watch`, `ask` and `proof`."""
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
    watch.add_argument("--metrics-host", metavar="ADDRESS", help="where HTTP listens")
    watch.add_argument("--metrics-port", metavar="PORT", help="serve /metrics and /healthz there")
    asking = verbs.add_parser("ask", help="ask one gateway: a picture, how it is, why, to restart")
    _add_ask(asking)
    _add_proof(verbs.add_parser("proof", help="whether a gateway's proof of watch holds"))
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
    for one in (listing, show, watch, asking):
        add_broker(one)
        one.add_argument("--root", help="first part of every topic")
        add_settings(one)


def _add_proof(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gateway", metavar="GATEWAY", help="its id")
    parser.add_argument("--from", dest="begin", type=_moment, metavar="TIME", help="day or time")
    parser.add_argument("--until", type=_moment, metavar="TIME", help="the same (default: now)")
    parser.add_argument("--camera", metavar="ID", help="count the frames of this one only")
    parser.add_argument("--files", type=Path, metavar="DIR", help="exported entries, no store")
    parser.add_argument("--export", type=Path, metavar="DIR", help="write the entries there")
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="KEY",
        help="ed25519:..., known to be the gateway's; may be repeated (default: the first seen, "
        "which proves nothing)",
    )
    parser.add_argument(
        "--authority",
        type=Path,
        metavar="FILE",
        help="certificate of the fleet's authority: go by the gateway's certificates, not by keys",
    )
    parser.add_argument(
        "--grace-s",
        type=float,
        default=7800.0,
        metavar="N",
        help="the newest entry may be older than --until by this (default 7800)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_store(parser)
    add_settings(parser)


def _moment(text: str) -> datetime:
    """In UTC unless it says otherwise."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _add_ask(parser: argparse.ArgumentParser) -> None:
    verbs = "snapshot", "diagnostics", "explain", "restart", "self-test"
    parser.add_argument("gateway", metavar="GATEWAY", help="its id")
    parser.add_argument("ask", choices=verbs, metavar="WHAT", help=", ".join(verbs))
    parser.add_argument("--camera", metavar="ID", help="snapshot: of which")
    parser.add_argument("--report", metavar="ID", help="explain: which report")
    parser.add_argument("--out", type=Path, metavar="FILE", help="snapshot: where to write it")
    parser.add_argument("--by", default=_user(), metavar="NAME", help="who asks, for its log")
    parser.add_argument(
        "--timeout-s",
        type=float,
        default=20.0,
        metavar="N",
        help="no answer after this long is a failure (default 20; a self-test may take 60)",
    )


def _user() -> str | None:
    """Nobody's name where the system knows none."""
    try:
        return getpass.getuser()[:64]
    except (KeyError, OSError):
        return None
