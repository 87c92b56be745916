"""The options of `notify`. Called by `__main__`, and loads nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from cloud.arguments import add_broker, add_settings, add_store


def add_notify_verbs(parser: argparse.ArgumentParser) -> None:
    """One verb each."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    run = verbs.add_parser("run", help="tell people and systems of verdicts, until stopped")
    add_broker(run)
    add_store(run)
    run.add_argument("--root", help="first part of every topic")
    run.add_argument("--trusted-keys", metavar="FILE,..", help="public keys of the workers")
    run.add_argument("--metrics-host", metavar="ADDRESS", help="where HTTP listens")
    run.add_argument("--metrics-port", metavar="PORT", help="serve /metrics and /healthz there")
    listed = "what was told whom, and what waits; exit status 3 if some of that was tried"
    status = verbs.add_parser("status", help=listed)
    status.add_argument("--last", type=int, default=20, metavar="N", help="rows (default 20)")
    status.add_argument("--json", action="store_true", help="one JSON object per line")
    verbs.add_parser("check-config", help="read the settings with every secret; nothing is sent")
    test = verbs.add_parser("test", help="send one marked test message to a destination, now")
    test.add_argument("destination", metavar="NAME", help="its name")
    snooze = verbs.add_parser("snooze", help="tell a destination nothing new for a while")
    snooze.add_argument("destination", metavar="NAME", help="its name")
    snooze.add_argument(
        "--minutes", type=_minutes, default=30.0, metavar="N", help="how long (default 30; 0: end)"
    )
    snooze.add_argument("--gateway", metavar="ID", help="only of this gateway")
    snooze.add_argument("--camera", metavar="ID", help="only of cameras of this id")
    push = verbs.add_parser("subscribe", help="add a browser's web push subscription, from stdin")
    push.add_argument("destination", metavar="NAME", help="one of notify.web_push")
    key = verbs.add_parser("vapid-key", help="make the key for web push, print its public half")
    key.add_argument("file", type=Path, help="for the private key")
    for one in (snooze, push, key):
        add_settings(one)
    for one in (run, status, *(verbs.choices[name] for name in ("check-config", "test"))):
        add_settings(one)


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 <= minutes <= 7 * 24 * 60:
        raise argparse.ArgumentTypeError("0 to 10080 minutes, a week")
    return minutes
