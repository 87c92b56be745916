"""The options of `notify`. Called by `__main__`, and loads nothing."""

from __future__ import annotations

import argparse

from cloud.arguments import add_broker, add_settings, add_store


def add_notify_verbs(parser: argparse.ArgumentParser) -> None:
    """`run`, `status`, `check-config` and `test`."""
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
    for one in (run, status, *(verbs.choices[name] for name in ("check-config", "test"))):
        add_settings(one)
