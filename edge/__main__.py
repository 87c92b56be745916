"""`python -m edge`: run, check-config, replay, state, static, health, self-test, import and
install-service.

Exit status: 0 done, 1 failed while running, 2 wrong use, 78 (EX_CONFIG) for a configuration, model
or state that somebody has to fix before another start can succeed; 130 and 141, as a shell says it,
for Ctrl-C and for a reader of our output that went away. A subcommand's module is imported when it
is called: a check of health every minute shall not load what a daemon needs.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

from edge.config import balena
from edge.errors import ConfigError, OutboxInUse
from service.redact import redacted

CTRL_C = 130
READER_GONE = 141
ON_REFUSAL = "STILLWATCH_REFUSED"
"""A variable: `wait` keeps a daemon whose start is refused where its reason can be read."""
DEFAULT_FILE = Path("/etc/stillwatch/edge.yaml")


class Subcommand(Protocol):
    """What a module of `edge.cli` that is a subcommand offers."""

    REFUSALS: Mapping[type[Exception], str]
    """What somebody has to fix, each with the word for what it is about."""

    command: Callable[[argparse.Namespace], int]
    """Does it; returns the exit status."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = command_line().parse_args(arguments)
    subcommand = cast(Subcommand, importlib.import_module(f"edge.cli.{options.module}"))
    try:
        _arrange(options)
        status = subcommand.command(options)
        sys.stdout.flush()
    except ConfigError as error:
        return _refused(options, "configuration", *map(str, error.problems))
    except OutboxInUse as error:
        return _refuse("outbox", f"{error} ({_OUTBOX_HINT})")
    except tuple(subcommand.REFUSALS) as error:
        words = next(word for kind, word in subcommand.REFUSALS.items() if isinstance(error, kind))
        return _refused(options, words, str(error))
    except KeyboardInterrupt:
        return CTRL_C
    except BrokenPipeError:  # as in `| head`; what Python still holds must not find it closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return status


_OUTBOX_HINT = "one daemon per folder: see deliver.outbox.path, and whether another one runs"


def _refused(options: argparse.Namespace, what: str, *reasons: str) -> int:
    """Where a supervisor would start us again at once, we stay and say why."""
    status = _refuse(what, *reasons)
    if options.module != "run" or os.environ.get(ON_REFUSAL) != "wait":
        return status
    told = [redacted(f"{what}: {reason}") for reason in reasons]
    refused = importlib.import_module("edge.daemon.refused")
    return cast(int, refused.stay(told, options.config, os.environ))


def _refuse(what: str, *reasons: str) -> int:
    for reason in reasons:
        print(redacted(f"{what}: {reason}"), file=sys.stderr)
    return os.EX_CONFIG


class _Version(argparse.Action):
    """`--version`, looked up only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(importlib.import_module("edge.daemon.version").program_version())
        parser.exit()


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stillwatch-edge",
        description="Watches the site's cameras and reports suspected threats to the cloud.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print it and exit")
    commands = parser.add_subparsers(
        required=True,
        metavar="run|check-config|replay|state|static|health|self-test|import|install-service",
    )
    _add(commands, "run", "watch the cameras until stopped")
    _add(commands, "check-config", "print the configuration in effect, or every fault in it")
    _add(commands, "health", "ask the running daemon; exit 0 if an alarm would reach a person")
    test = _add(commands, "self-test", "send a marked test alarm and say how long each hop took")
    test.add_argument(
        "--timeout", type=_test_seconds, help="1 to 600 s; default: self_test.timeout_s"
    )
    test.add_argument("--json", action="store_true", help="one JSON object instead of words")
    state = _add(commands, "state", "save the gateway's state into one file, or put it back")
    state.add_argument("action", choices=("backup", "restore"), help="while no daemon runs")
    state.add_argument("file", type=Path, metavar="ARCHIVE", help="it has keys in it: mode 0600")
    static = _add(commands, "static", "list or forget the static objects that are remembered")
    _static_arguments(static)
    replay = _add(commands, "replay", "run stored pictures or a video through the pipeline")
    replay.add_argument("source", type=Path, help="folder of pictures (in name order) or video")
    replay.add_argument("--camera", default="replay", help="camera id, for its settings")
    replay.add_argument("--fps", type=float, help="frames per second (video: its own; folder: 5)")
    replay.add_argument("--start", help="when the first frame was received: 2026-03-29T01:30+01:00")
    replay.add_argument(
        "--jsonl", type=Path, metavar="FILE", help="write the lines here instead of to stdout"
    )
    replay.add_argument(
        "--explain",
        action="store_true",
        help="per frame and track: what every rule decided, and why",
    )
    replay.add_argument(
        "--video",
        type=Path,
        metavar="FILE",
        help="write a video (.mp4, .avi) with boxes, tracks, zones and reasons",
    )
    replay.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write a page (.html): every alarm, and why the others were not raised",
    )
    replay.add_argument(
        "--against",
        type=Path,
        metavar="PATH",
        help="another configuration (YAML) or model (folder): list the decisions that change",
    )
    replay.add_argument(
        "--fail-on-change", action="store_true", help="--against: exit 1 if any decision changes"
    )
    _import_arguments(commands)
    _install_arguments(commands)
    return parser


def _install_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    service = _add(
        commands, "install-service", "run as a systemd service, from now on and with the machine"
    )
    service.add_argument(
        "--dry-run", action="store_true", help="print the unit, and change nothing"
    )
    service.add_argument(
        "--uninstall", action="store_true", help="stop the service and remove its unit"
    )
    service.add_argument(
        "--force", action="store_true", help="set aside a unit that somebody wrote or edited"
    )


def _import_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """It knows no configuration of ours."""
    text = "print another program's configuration as ours, with remarks"
    subcommand = commands.add_parser("import", help=text, description=text)
    subcommand.set_defaults(module="import_config", config=None)
    programs = subcommand.add_subparsers(required=True, metavar="frigate")
    frigate = programs.add_parser("frigate", help="of Frigate, as edge.yaml")
    frigate.add_argument("file", type=Path, help="Frigate's config.yml")
    frigate.add_argument(
        "--bridge",
        action="store_true",
        help="print the bridge's configuration instead: where the pictures come from",
    )


def _test_seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text} is not 1 to 600")
    return seconds


def _static_arguments(subcommand: argparse.ArgumentParser) -> None:
    actions = subcommand.add_subparsers(required=True, dest="action", metavar="list|forget")
    show = actions.add_parser("list", help="one line for each static object")
    show.add_argument("--camera", help="only of this camera")
    show.add_argument("--json", action="store_true", help="one JSON object for each")
    show.add_argument(
        "--pictures", type=Path, metavar="DIR", help="write a small picture of each into a folder"
    )
    away = actions.add_parser("forget", help="forget static objects; a running daemon notices")
    which = away.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", help="one object, as `list` names it: camera/number")
    which.add_argument("--camera", help="all objects of this camera")
    which.add_argument("--all", action="store_true", help="all objects of all cameras")


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    """A subcommand that every module `edge.cli.<name>` carries out with a configuration."""
    subcommand = commands.add_parser(name, help=text, description=text)
    subcommand.set_defaults(module=name.replace("-", "_"))
    subcommand.add_argument(
        "--config", type=Path, metavar="FILE", help=f"YAML file (default {DEFAULT_FILE})"
    )
    return subcommand


def _arrange(options: argparse.Namespace) -> None:
    """The default file; on a balena device its variables choose it and add to the environment."""
    given: Path | None = options.config
    file = given or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    found = balena.arrange(file, os.environ)
    options.config, options.notice = found.file, found.notice
    os.environ.update(found.variables)


if __name__ == "__main__":
    sys.exit(main())
