"""The options of `enrol`, apart from what carries them out, which needs `cryptography`.

PURE. Called by `__main__`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cloud.arguments import add_broker, add_settings

DAYS = 90.0
"""Of a gateway's certificate: it renews itself after 60, so a month's outage does no harm."""

HOURS = 72.0
"""Of a token."""


def add_enrol_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands and their options."""
    verbs = parser.add_subparsers(dest="enrol", required=True, metavar="VERB")
    serve = verbs.add_parser(
        "serve", help="answer gateways that ask for certificates, until stopped"
    )
    serve.add_argument("--listen", default="127.0.0.1:8443", metavar="HOST:PORT")
    serve.add_argument("--certificate", type=Path, metavar="FILE", help="of this service, PEM")
    serve.add_argument("--key", type=Path, metavar="FILE", help="of this service, PEM")
    serve.add_argument("--plain", action="store_true", help="no TLS: behind a proxy that has it")
    serve.add_argument("--days", type=float, default=DAYS, help="of a gateway's certificate")
    serve.add_argument(
        "--store", metavar="SPEC", help="s3:BUCKET?..., for which it signs gateways' requests"
    )
    token = verbs.add_parser("token", help="make a token, print it once")
    token.add_argument("names", help="a gateway's id, or a pattern with * for many cards")
    token.add_argument("--uses", type=int, default=1, help="devices that may use it")
    token.add_argument("--hours", type=float, default=HOURS, help="for which it is good")
    token.add_argument(
        "--replace", action="store_true", help="certificates that the name has end when it is used"
    )
    listed = verbs.add_parser("list", help="certificates and tokens")
    listed.add_argument("--json", action="store_true", help="one JSON object per line")
    revoke = verbs.add_parser("revoke", help="end a gateway's certificates, or a token")
    revoke.add_argument("name", help="a gateway's id, or a token's")
    revoke.add_argument(
        "--broker-pid", type=Path, metavar="FILE", help="Mosquitto's pid file: it reads the list"
    )
    revoke.add_argument(
        "--end-connection",
        action="store_true",
        help="take the gateway's place at the workers' listener (--settings), which ends it",
    )
    add_broker(revoke)
    add_settings(revoke)
    for verb in (serve, token, listed, revoke):
        verb.add_argument(
            "--authority", type=Path, required=True, metavar="FOLDER", help="made by `certify`"
        )
