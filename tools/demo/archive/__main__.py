"""`python -m tools.demo.archive IN OUT`: the four stages over an archive, one after the other.

What the pipelines of `deploy/pachyderm` do, without them: every stage is the command that they run.
Pictures are linked, not copied, so OUT is of use as long as IN is there. A run starts afresh: the
results of an earlier one in OUT are removed, and only a folder of ours is touched.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from cloud.__main__ import main as cloud
from cloud.confirm.offline import CannotRun
from cloud.stages.tree import InputTree, OutputTree

MARK = ".stillwatch-archive"
FOLDERS = ("validated", "detections", "verdicts", "plot")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status of the first stage that fails, else 0."""
    options = _parser().parse_args(arguments)
    try:
        _clear(options.source, options.out)
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    for command in commands(options.source, options.out, options.model, options.rules):
        status = cloud(["stage", *command])
        if status != 0:
            return status
    print(f"threats: {options.out / 'plot' / 'threats.png'}")
    return 0


def commands(source: Path, out: Path, model: str | None, rules: Path | None) -> list[list[str]]:
    """The arguments of each stage, in order."""
    validated, detections, verdicts, plot = (out / name for name in FOLDERS)
    linked = ["--links-into", str(source)]
    with_model = ["--model", model] if model else []
    with_rules = ["--rules", str(rules)] if rules else []
    return [
        ["validate", *_between(source, validated)],
        ["detect", *_between(validated, detections), *linked, *with_model],
        ["threat", *_between(detections, verdicts), *linked, *with_rules],
        ["plot", *_between(verdicts, plot)],
    ]


def _between(source: Path, out: Path) -> list[str]:
    return ["--in", str(source), "--out", str(out)]


def _clear(source: Path, out: Path) -> None:
    """Leaves `out` with our mark alone; raises `CannotRun` if it holds something of others."""
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise CannotRun(f"{out} is not empty and not of an earlier run; name another folder")
    OutputTree(out, InputTree(source)).write(MARK, b"made by tools.demo.archive\n")
    for folder in (out / name for name in FOLDERS if (out / name).is_dir()):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise CannotRun(f"{folder} cannot be removed: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.demo.archive", description=__doc__)
    parser.add_argument("source", type=Path, metavar="IN", help="pictures <device>_<unix time>.jpg")
    parser.add_argument("out", type=Path, metavar="OUT", help="new folder, or of an earlier run")
    parser.add_argument("--model", help="a model's name, or a folder with a manifest")
    parser.add_argument("--rules", type=Path, metavar="FILE", help="threats, and who is notified")
    return parser


if __name__ == "__main__":
    sys.exit(main())
