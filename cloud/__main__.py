"""The cloud's command line: `serve` a broker's reports, `confirm` one, `detect` in pictures, `feed`
an archive, or run a `stage` of the batch path over one.

SHELL. Settings come from flags, environment (`STILLWATCH_CLOUD_*`) and file; see `settings`. Exit
status: 0 done; 1 it could not be done, or some pictures could not be read; 2 wrong usage; 78 wrong
settings or model, to be repaired by a person.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cloud.arguments import add_broker, add_keys, add_settings, add_store
from cloud.confirm.offline import CannotRun, as_text, confirm_report, detect_all, read_report_file
from cloud.console.arguments import add_console_arguments
from cloud.enrol.arguments import add_enrol_arguments
from cloud.fleet.arguments import add_fleet_verbs
from cloud.index.arguments import add_export, add_reindex
from cloud.manage.arguments import add_management
from cloud.model.full_model import FullModel, open_model
from cloud.notify.arguments import add_notify_verbs
from cloud.settings import ENV_KEYS, ENV_PREFIX, Settings, SettingsError, load_settings
from cloud.stages.command import add_arguments, nothing_done, run_stage
from cloud.stages.feed_arguments import add_feed_arguments
from cloud.verdicts.disagreements_arguments import add_disagreements
from cloud.verdicts.upkeep_arguments import add_upkeep
from imaging.manifest import ModelError
from objectstore.store import ObjectStore, PermanentStoreError, StoreError
from service.clock import SystemClock
from service.redact import redacted

EXIT_FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    options = command_line().parse_args(arguments)
    try:
        return _run(options, _settings(options))
    except (SettingsError, ModelError) as error:
        _print_error(error)
        return os.EX_CONFIG
    except (CannotRun, StoreError) as error:
        _print_error(error)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001, the outermost rim: a defect is printed whole, for its report
        _print_error(f"unexpected error, please report it:\n{traceback.format_exc()}")
        return EXIT_FAILED


def _run(options: argparse.Namespace, settings: Settings) -> int:
    match options.command:
        case "serve" | "feed" | "notify":
            return _with_broker(options, settings)
        case "enrol" | "keygen":
            return _credentials(options, settings)
        case "stage":
            return _stage(options, settings)
        case "verify-evidence" | "retain" | "disagreements" | "reindex" | "export-labels":
            return _oversee(options, settings)
        case "fleet" | "root" | "config" | "model" | "console":
            return _gateways(options, settings)
        case _:
            return _by_hand(options, settings)


def _by_hand(options: argparse.Namespace, settings: Settings) -> int:
    match options.command:
        case "confirm":
            return _confirm(options.report, settings)
        case _:
            return _detect(options.images, settings, as_json=options.jsonl)


def _stage(options: argparse.Namespace, settings: Settings) -> int:
    counts = run_stage(options, settings)
    print(json.dumps({"stage": options.stage} | counts), flush=True)
    failure = nothing_done(options, counts)
    if failure is not None:
        _print_error(failure)
    return 0 if failure is None else EXIT_FAILED


def _with_broker(options: argparse.Namespace, settings: Settings) -> int:
    # the stages of the batch path start without broker and store
    if options.command == "notify":
        return _notify(options, settings)
    from cloud.serve.process import serve  # noqa: PLC0415
    from cloud.stages.feed import feed  # noqa: PLC0415

    store = _store(settings)
    with _connection_settings():
        if options.command == "serve":
            return serve(settings, store, SystemClock())
        counts = feed(options, settings, store, SystemClock())
    print(json.dumps(counts))
    return 0 if counts["stored"] else EXIT_FAILED


def _oversee(options: argparse.Namespace, settings: Settings) -> int:
    """All that is stored."""
    if options.command == "export-labels":
        from cloud.index.commands import export_labels  # noqa: PLC0415, see `_with_broker`

        store = None if options.images is None else _store(settings)
        return export_labels(options, settings, store, SystemClock())
    if options.command == "reindex":
        from cloud.index.commands import reindex  # noqa: PLC0415, see `_with_broker`

        return reindex(options, settings, _store(settings), SystemClock())
    from cloud.verdicts.upkeep import retain, verify  # noqa: PLC0415, see `_with_broker`

    if options.command == "disagreements":
        from cloud.verdicts.disagreements import list_disagreements  # noqa: PLC0415, see `_with_broker`

        return list_disagreements(options, settings, settings.store or "", _store(settings))
    run = verify if options.command == "verify-evidence" else retain
    return run(options, settings, settings.store or "", _store(settings), SystemClock())


def _gateways(options: argparse.Namespace, settings: Settings) -> int:
    """As they are, what is ordered of them, or pages of what they raised."""
    if options.command == "console":
        from cloud.console.command import run_console  # noqa: PLC0415, see `_with_broker`

        return run_console(options, settings, _store, SystemClock())
    from cloud.fleet.command import fleet  # noqa: PLC0415, see `_with_broker`
    from cloud.manage.command import run  # noqa: PLC0415, see `_with_broker`

    with _connection_settings():
        if options.command == "fleet":
            return fleet(options, settings, lambda: _store(settings), SystemClock())
        return run(options, settings, lambda: _store(settings), SystemClock())


def _notify(options: argparse.Namespace, settings: Settings) -> int:
    """Whoever is told of verdicts."""
    from cloud.notify.commands import notify  # noqa: PLC0415, see `_with_broker`

    with _connection_settings():
        return notify(options, settings, lambda: _store(settings), SystemClock())


@contextmanager
def _connection_settings() -> Iterator[None]:
    """A file without which there can be no connection to the broker is a wrong setting."""
    from service.link import LinkError  # noqa: PLC0415, see `_with_broker`

    try:
        yield
    except LinkError as error:
        raise SettingsError(str(error)) from error


def _credentials(options: argparse.Namespace, settings: Settings) -> int:
    if options.command == "keygen":
        return _keygen(options.file)
    from cloud.enrol.commands import run_enrol  # noqa: PLC0415, see `_with_broker`

    return run_enrol(options, settings)


def _keygen(file: Path) -> int:
    from cloud.keys import make_keys, public_file  # noqa: PLC0415, see `_with_broker`

    text = make_keys(file)
    _print_error(
        f"private key: {file} (mode 0600), for the workers alone: `serve --signing-key {file}`"
    )
    _print_error(f"public key: {public_file(file)}, for every gateway: `deliver.cloud_keys`")
    print(text)
    return 0


def _confirm(file: Path, settings: Settings) -> int:
    report, store = read_report_file(file), _store(settings)
    print(confirm_report(report, store, _model(settings), settings, SystemClock()))
    return 0


def _detect(files: list[Path], settings: Settings, *, as_json: bool) -> int:
    failed = False
    for found in detect_all(files, _model(settings), settings.limits.of_picture()):
        print(json.dumps(found) if as_json else as_text(found), flush=True)
        failed = failed or "error" in found
    return EXIT_FAILED if failed else 0


def _model(settings: Settings) -> FullModel:
    return open_model(settings.model, settings.threads)


def _store(settings: Settings) -> ObjectStore:
    if settings.store is None:
        raise SettingsError(
            "no object store is given: add --store dir:PATH or --store s3:BUCKET?endpoint_url=..., "
            f"or set {ENV_PREFIX}STORE"
        )
    from objectstore.open import open_store  # noqa: PLC0415, see `_with_broker`

    try:
        return open_store(settings.store)
    except PermanentStoreError as error:
        raise SettingsError(f"store: {error}") from error


def _settings(options: argparse.Namespace) -> Settings:
    named = options.settings or os.environ.get(f"{ENV_PREFIX}SETTINGS")
    flags = {key: getattr(options, key, None) for key in ENV_KEYS}
    return load_settings(Path(named) if named else None, os.environ, flags)


def _print_error(what: object) -> None:
    for line in redacted(str(what)).splitlines():
        print(f"stillwatch-cloud: {line}", file=sys.stderr)


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stillwatch-cloud",
        description="The cloud's side of Stillwatch: confirms or refutes reports of gateways.",
        epilog=f"Every option of the form --NAME VALUE may be given as {ENV_PREFIX}NAME.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="confirm reports from a broker until stopped"))
    feed = commands.add_parser(
        "feed", help="put what cameras publish into an archive, until stopped"
    )
    add_feed_arguments(feed)
    add_broker(feed)
    add_store(feed)
    confirm = commands.add_parser("confirm", help="decide on one report and print the verdict")
    confirm.add_argument("report", type=Path, help="the report as JSON, bare or as a CloudEvent")
    add_store(confirm)
    detect = commands.add_parser("detect", help="print what the full model detects in pictures")
    detect.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="JPEG or PNG")
    detect.add_argument("--jsonl", action="store_true", help="one JSON object per line")
    check = commands.add_parser(
        "verify-evidence", help="find evidence that was removed, altered or planted in a store"
    )
    prune = commands.add_parser("retain", help="remove evidence and verdicts whose time is over")
    add_upkeep(check, prune)
    disputed = "list the verdicts whose networks disagreed, to label their pictures"
    add_disagreements(commands.add_parser("disagreements", help=disputed))
    rebuilt = "make the index of alarms again from the object store"
    add_reindex(commands.add_parser("reindex", help=rebuilt))
    marked = "what operators marked, as a COCO data set"
    add_export(commands.add_parser("export-labels", help=marked))
    keygen = commands.add_parser("keygen", help="make the key that verdicts are signed with")
    keygen.add_argument("file", type=Path, help="for the private key; the public one: FILE.pub")
    add_enrol_arguments(commands.add_parser("enrol", help="certificates for gateways"))
    add_arguments(commands.add_parser("stage", help="run a batch stage over a folder"))
    for command in commands.choices.values():
        _add_common(command)
    add_fleet_verbs(commands.add_parser("fleet", help="who watches, who is silent, since when"))
    add_notify_verbs(commands.add_parser("notify", help="who is told of alarms and faults"))
    add_management(commands)
    add_console_arguments(commands.add_parser("console", help="pages for people who watch"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    add_broker(parser)
    parser.add_argument("--group", help="workers of one group share the reports")
    parser.add_argument("--root", help="first part of every topic")
    parser.add_argument("--metrics-host", metavar="ADDRESS", help="where HTTP listens")
    parser.add_argument("--metrics-port", metavar="PORT", help="serve /metrics and /healthz there")
    add_store(parser)
    add_keys(parser)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", metavar="NAME", help="a model's name, or a folder with a manifest"
    )
    parser.add_argument("--threads", metavar="N", help="threads of the model; 0: one per core")
    add_settings(parser)


if __name__ == "__main__":
    sys.exit(main())
