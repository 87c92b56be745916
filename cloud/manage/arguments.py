"""The options of `root`, `config` and `model`. Called by `cloud.__main__`, read by `command`."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from cloud.arguments import add_broker, add_keys, add_settings, add_store
from contract.topics import UpdateKind

_CONTENT = {
    "config": "YAML: a merge patch over each gateway's own file",
    "model": "folder of a model with its manifest.json",
}


def add_management(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The three commands and their verbs."""
    root = commands.add_parser("root", help="the root of trust: who may sign orders to gateways")
    _add_root(root.add_subparsers(dest="verb", required=True, metavar="VERB"))
    for kind in ("config", "model"):
        what = "configurations" if kind == "config" else "models"
        parser = commands.add_parser(kind, help=f"signed {what} for gateways, from afar")
        _add_updates(parser.add_subparsers(dest="verb", required=True, metavar="VERB"), kind)


def _add_root(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    init = verbs.add_parser("init", help="write the first root of trust")
    init.add_argument("file", type=Path, help="to write; for `manage.root` of every gateway")
    _add_role_keys(init, "--key", "a public key of a role: root, config, model or all")
    rotate = verbs.add_parser("rotate", help="write the next root: keys added, keys taken")
    rotate.add_argument("before", type=Path, help="the root that gateways have")
    rotate.add_argument("file", type=Path, help="to write")
    _add_role_keys(rotate, "--add", "a public key for a role: root, config, model or all")
    rotate.add_argument(
        "--remove",
        action="append",
        default=[],
        metavar="ROLE=KEYID",
        help="a key that leaves a role, or all; may be repeated",
    )
    for verb in (init, rotate):
        _add_signing(verb)
        verb.add_argument("--days", type=int, default=730, help="until it expires")
    sign = verbs.add_parser("sign", help="add a signature to a root")
    sign.add_argument("file", type=Path, help="the root")
    _add_signing(sign)
    show = verbs.add_parser("show", help="keys, thresholds and what signatures lack; 1 if any do")
    show.add_argument("file", type=Path, help="the root")
    publish = verbs.add_parser("publish", help="keep a root in the history, and send all of them")
    publish.add_argument("file", type=Path, help="the root")
    _add_said(publish, reason="a root of trust")
    _add_gateways(publish)
    for verb in (show, sign):
        verb.add_argument(
            "--from", dest="before", type=Path, metavar="FILE", help="the root before"
        )
    for verb in verbs.choices.values():
        add_settings(verb)


def _add_updates(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], kind: UpdateKind
) -> None:
    _add_sign(verbs.add_parser("sign", help="write a signed order, or add a signature"), kind)
    publish = verbs.add_parser("publish", help="send an order to its gateways, all at once")
    publish.add_argument("order", type=Path, help="as `sign` wrote it")
    _add_gateways(publish)
    status = verbs.add_parser("status", help="who has which version; 1 if anybody refused")
    status.add_argument("--json", action="store_true", help="one JSON object per line")
    _add_broker_and_store(status, store=False)
    history = verbs.add_parser("history", help="what was ordered, by whom, when and why")
    diff = verbs.add_parser("diff", help="what an order or patch changes against an earlier one")
    diff.add_argument("content", type=Path, help=f"as `sign` wrote it, or {_CONTENT[kind]}")
    diff.add_argument("--against", type=int, metavar="VERSION", help="default: the newest")
    _add_roll_out(verbs.add_parser("roll-out", help="send an order ring by ring; 1 if it stopped"))
    rollback = verbs.add_parser("rollback", help="order again what an earlier version said")
    rollback.add_argument(
        "--to", type=int, metavar="VERSION", help="default: the one before; 0: the gateway's own"
    )
    rollback.add_argument(
        "--out", type=Path, metavar="FILE", help="for the next signer, if need be"
    )
    _add_signing(rollback)
    _add_said(rollback)
    rollback.add_argument("--days", type=int, default=30, help="for which it may be accepted")
    _add_gateways(rollback)
    for verb in (publish, rollback):
        _add_trust(verb)
    stored = [history, diff]
    if kind == "model":
        upload = verbs.add_parser("upload", help="put the files of a model into the store")
        upload.add_argument("content", type=Path, help=_CONTENT[kind])
        stored.append(upload)
    for verb in stored:
        add_store(verb)
    add_keys(history)
    for verb in verbs.choices.values():
        add_settings(verb)


def _add_sign(parser: argparse.ArgumentParser, kind: UpdateKind) -> None:
    parser.add_argument("content", type=Path, nargs="?", help=_CONTENT[kind])
    parser.add_argument("--add", type=Path, metavar="ORDER", help="sign this order too, as it is")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: KIND-VERSION.json")
    parser.add_argument("--version", type=int, help="default: the next in the store's history")
    parser.add_argument("--days", type=int, default=30, help="for which it may be accepted")
    _add_signing(parser)
    _add_said(parser)
    parser.add_argument(
        "--for-gateway", action="append", default=[], metavar="ID", help="may be repeated"
    )
    parser.add_argument(
        "--for-group", action="append", default=[], metavar="NAME", help="may be repeated"
    )
    parser.add_argument(
        "--for-percent", type=int, metavar="N", help="of the groups, or of all gateways"
    )
    parser.add_argument("--salt", default="", help="another chooses other gateways")
    _add_replay_limits(parser, "a gateway refuses it beyond; default: any")
    _add_trust(parser)
    add_store(parser)


def _add_roll_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("order", type=Path, help="as `sign` wrote it; run again, it goes on")
    parser.add_argument(
        "--ring",
        action="append",
        default=[],
        metavar="GROUP|N%%",
        help="a group or percentage, in this order; default: 1%%, 10%%, 50%%, 100%%",
    )
    for flag, meaning in (
        ("--watch-s", "a ring is watched for so long after all have applied it; default: 3600"),
        ("--answer-s", "for so long a gateway may take; default: 900"),
        ("--grace-s", "for so long a gateway may be silent or worse; default: 60"),
        ("--max-missed", "audited misses of all so far; default: 0"),
        ("--max-alarms-per-h", "of one gateway, on average; default: 4"),
        ("--max-suspicions-per-h", "of one gateway, on average; default: 60"),
    ):
        parser.add_argument(flag, type=float, metavar="N", help=meaning)
    _add_replay_limits(parser, "of a ring, added up; default: any")
    parser.add_argument("--resume", action="store_true", help="go on although it stopped: say why")
    _add_said(parser)
    _add_trust(parser)
    add_keys(parser)
    _add_broker_and_store(parser, store=True)


def _add_replay_limits(parser: argparse.ArgumentParser, meaning: str) -> None:
    """What recent frames, judged with the order, may change."""
    parser.add_argument(
        "--max-lost-decisions-share",
        type=float,
        metavar="0..1",
        help=f"share of what recent frames raised that may be lost: {meaning}",
    )
    parser.add_argument(
        "--max-new-decisions-per-h",
        type=float,
        metavar="N",
        help=f"what recent frames newly raise, an hour of footage: {meaning}",
    )
    parser.add_argument(
        "--accept-unreplayed", action="store_true", help="also where nothing could be replayed"
    )


def _add_role_keys(parser: argparse.ArgumentParser, flag: str, meaning: str) -> None:
    parser.add_argument(
        flag,
        dest="keys",
        action="append",
        default=[],
        metavar="ROLE=FILE.pub",
        help=f"{meaning}; may be repeated",
    )
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="ROLE=N",
        help="so many of a role must sign; may be repeated",
    )


def _add_signing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sign",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="private key to sign with; may be repeated",
    )


def _add_said(parser: argparse.ArgumentParser, reason: str | None = None) -> None:
    parser.add_argument("--by", metavar="NAME", default=None, help="who; default: the user's name")
    parser.add_argument("--reason", default=reason, help="why, for other operators")


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trust", type=Path, metavar="FILE", help="root of trust; default: the history's newest"
    )


def _add_gateways(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--gateway",
        action="append",
        default=[],
        metavar="ID",
        help="only these, known or not; may be repeated",
    )
    _add_broker_and_store(parser, store=True)


def _add_broker_and_store(parser: argparse.ArgumentParser, *, store: bool) -> None:
    add_broker(parser)
    parser.add_argument("--root", help="first part of every topic")
    if store:
        add_store(parser)


def user_name() -> str:
    """Of whoever runs this, where nothing else is said."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
