"""Options that several subcommands have: broker, store, keys. Called by whoever builds a parser."""

from __future__ import annotations

import argparse


def add_broker(parser: argparse.ArgumentParser) -> None:
    """How the broker is reached."""
    parser.add_argument("--broker", metavar="URL", help="mqtt://HOST[:PORT] or mqtts://HOST[:PORT]")
    parser.add_argument("--protocol", metavar="VERSION", help="of MQTT: 5 or 3.1.1")
    parser.add_argument("--transport", metavar="KIND", help="tcp or websockets")
    parser.add_argument("--websocket-path", metavar="PATH", help="with websockets, of the URL")
    parser.add_argument("--username", help="user at the broker")
    parser.add_argument("--password-file", metavar="FILE", help="file with the password")
    parser.add_argument("--client-id", metavar="ID", help="default: a new one at each start")


def add_store(parser: argparse.ArgumentParser) -> None:
    """Where evidence, verdicts and orders lie."""
    parser.add_argument("--store", metavar="SPEC", help="dir:PATH or s3:BUCKET?endpoint_url=...")


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Who signs records, and whose records count."""
    parser.add_argument("--signing-key", metavar="FILE", help="private key made by `keygen`")
    parser.add_argument(
        "--trusted-keys",
        metavar="FILE,..",
        help="public keys whose stored verdicts are accepted too",
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    """The file that all of it may stand in."""
    parser.add_argument("--settings", metavar="FILE", help="YAML with any of the settings")
