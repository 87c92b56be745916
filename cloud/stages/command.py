"""`python -m cloud stage NAME --in DIR --out DIR`: one stage over one tree, then a line of JSON.

SHELL. The stages that need no model load none. Exit status as of every command: a picture that
cannot be used is a result, not a failure. Called by `cloud.__main__`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud.confirm.offline import CannotRun
from cloud.model.full_model import open_model
from cloud.settings import Settings
from cloud.stages.detect import DetectStage
from cloud.stages.draw import DrawStage
from cloud.stages.plot import PlotStage
from cloud.stages.rules import read_rules
from cloud.stages.spellings import NamePattern, name_pattern
from cloud.stages.threat import ThreatStage
from cloud.stages.tree import InputTree, OutputTree
from cloud.stages.validate import ValidateStage

BUCKET = "s3://"
STAGES = ("validate", "detect", "threat", "plot", "draw")


def run_stage(options: argparse.Namespace, settings: Settings) -> dict[str, int]:
    """What was counted; raises what the stage raises."""
    with _workspace(options.source) as workspace:
        return _run(options, settings, workspace)


@contextmanager
def _workspace(source: str) -> Iterator[Path]:
    """A folder for what is fetched. Folders need none, and a container may have no place for it."""
    if not source.startswith(BUCKET):
        yield Path()
        return
    try:
        made = tempfile.TemporaryDirectory(prefix="stillwatch-")
    except OSError as error:
        raise CannotRun(f"{BUCKET} needs a folder to fetch into, such as /tmp: {error}") from error
    with made as folder:
        yield Path(folder)


def _run(options: argparse.Namespace, settings: Settings, workspace: Path) -> dict[str, int]:
    rules = read_rules(options.rules)
    source = _input(options.source, options.links_into, workspace)
    limits = settings.limits.of_picture()
    model = open_model(settings.model, settings.threads) if options.stage == "detect" else None
    out = _output(options.out, source)
    copy = options.copy or options.source.startswith(BUCKET)
    if model is not None:
        return DetectStage(source=source, out=out, model=model, limits=limits, copy=copy).run()
    if options.stage == "validate":
        return ValidateStage(
            source=source,
            out=out,
            limits=limits,
            placed=options.placed,
            copy=copy,
            pattern=options.name_pattern,
        ).run()
    if options.stage == "threat":
        return ThreatStage(source=source, out=out, rules=rules).run()
    if options.stage == "draw":
        return DrawStage(source=source, out=out, rules=rules, limits=limits).run()
    return PlotStage(source=source, out=out).run()


def _input(named: str, links_into: list[Path], workspace: Path) -> InputTree:
    if not named.startswith(BUCKET):
        return InputTree(Path(named), links_into)
    with _needing_boto3():
        from cloud.stages.bucket import open_input  # noqa: PLC0415, folders need no boto3
    return open_input(named, workspace)


def _output(named: str, source: InputTree) -> OutputTree:
    if not named.startswith(BUCKET):
        return OutputTree(Path(named), source)
    with _needing_boto3():
        from cloud.stages.bucket import open_output  # noqa: PLC0415, folders need no boto3
    return open_output(named, source)


@contextmanager
def _needing_boto3() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise CannotRun(
            f"{BUCKET} needs boto3, which the slim image has not; use stillwatch-cloud: {error}"
        ) from error


def nothing_done(options: argparse.Namespace, counts: dict[str, int]) -> str | None:
    """What to say, and to fail with, of a whole archive in which no picture was valid. A part of
    one (`--placed`) may well have none."""
    if options.stage != "validate" or options.placed or counts["valid"]:
        return None
    if not counts["invalid"]:
        return f"there is no file in {options.source}"
    return (
        f"no picture in {options.source} is valid, {counts['invalid']} files are not; "
        f"rejected/ in {options.out} says of each why"
    )


def _pattern(text: str) -> NamePattern:
    try:
        return name_pattern(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every stage; each uses those that concern it."""
    parser.add_argument("stage", choices=STAGES, help="which stage")
    parser.add_argument(
        "--in",
        dest="source",
        required=True,
        metavar="DIR",
        help="the tree to read: a folder, or s3://BUCKET/PREFIX?endpoint_url=...",
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="the tree to write, spelled like --in"
    )
    parser.add_argument(
        "--rules", type=Path, metavar="FILE", help="threat, draw: the rules, as YAML"
    )
    parser.add_argument(
        "--placed",
        action="store_true",
        help="validate: refuse pictures outside of their own <device>/<yyyy-mm-dd>/",
    )
    parser.add_argument(
        "--name-pattern",
        type=_pattern,
        metavar="PATTERN",
        help="validate: how the files are named, without suffix and in UTC, such as "
        "'{device}/{year}-{month}-{day}/{hour}{minute}{second}*'; also {unix}",
    )
    parser.add_argument(
        "--copy", action="store_true", help="validate, detect: copy pictures instead of linking"
    )
    parser.add_argument(
        "--links-into",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="links of the input may lead into this folder too (repeatable)",
    )
