"""The options of `console`, apart from what carries them out, which needs the web's libraries.

PURE. Called by `__main__`.
"""

from __future__ import annotations

import argparse

from cloud.arguments import add_broker, add_settings, add_store
from cloud.console.roles import PersonRole

CONSOLE_FLAGS = ("listen", "certificate", "key", "public_url", "accounts")
"""Each overrides the key of its name in the section `console`."""


def add_console_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands and their options."""
    verbs = parser.add_subparsers(dest="console", required=True, metavar="VERB")
    serve = verbs.add_parser("serve", help="serve the console's pages until stopped")
    check = verbs.add_parser("check-config", help="say whether the settings can be used")
    invite = verbs.add_parser("invite", help="print a one-time link for a person")
    invite.add_argument("name", help="of the account; one that there is gets a new password")
    roles = [str(role) for role in PersonRole]
    invite.add_argument("--role", choices=roles, default=str(PersonRole.VIEWER))
    invite.add_argument("--sites", metavar="NAME,..", help="absent: all sites")
    for verb in (serve, check, invite):
        _add_common(verb)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--listen", metavar="HOST:PORT", help="where pages are served")
    parser.add_argument("--certificate", metavar="FILE", help="of this server, PEM")
    parser.add_argument("--key", metavar="FILE", help="of this server, PEM")
    parser.add_argument("--public-url", metavar="URL", help="how browsers reach it")
    parser.add_argument("--accounts", metavar="URL", help="database of accounts")
    add_store(parser)
    add_broker(parser)
    add_settings(parser)
