"""`python -m tools.evaluation.same_replay BASE [NEW]`: do two commits give the same replay?

For whoever moves or renames code and means to change nothing else. Each commit is checked out into
a temporary worktree and plays the same footage with the libraries of this environment. What `edge
replay --explain` writes, and with `--corpus` the evaluation's report, is compared byte for byte.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

CHECKOUT = Path(__file__).resolve().parents[2]
_FOOTAGE = ("walkers.mp4", "object.mp4", "empty.mp4")
_EVALUATE = "tools.evaluation.evaluate"
_MEASURED = re.compile(r'("(?:confirm|median|longest|wall)_s": |\btook )[\d.]+')
"""Times of this run, which the evaluation's report has among its figures."""
_SHOWN = 100
"""Characters on either side of where two lines part."""


class NotPlayedError(Exception):
    """A commit that git does not know, or whose program failed; the text says which, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What both commits play."""

    footage: Sequence[Path]
    corpus: Path | None = None
    options: Sequence[str] = ()
    """Of the evaluation."""


def main(arguments: Sequence[str] | None = None, checkout: Path = CHECKOUT) -> int:
    """Exit status: 0 the same; 1 not the same; 2 a commit that cannot be played."""
    options = _parser().parse_args(arguments)
    material = Material(
        footage=[one.resolve() for one in options.footage]
        or [checkout / "footage" / name for name in _FOOTAGE],
        corpus=options.corpus and options.corpus.resolve(),
        options=(
            *(("--only", *options.only) if options.only else ()),
            *(("--limit", str(options.limit)) if options.limit else ()),
        ),
    )
    try:
        base = play(checkout, options.base, material)
        new = play(checkout, options.new, material)
    except NotPlayedError as error:
        print(error, file=sys.stderr)
        return 2
    return _say(base, new, [one.split("=", 1) for one in options.renamed])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.evaluation.same_replay", description=__doc__
    )
    parser.add_argument("base", help="the commit before")
    parser.add_argument("new", nargs="?", help="the commit after (default: the files as they are)")
    parser.add_argument(
        "--renamed",
        nargs="+",
        default=[],
        metavar="OLD=NEW",
        help="whole words that BASE wrote otherwise: keys, events, words of an explanation",
    )
    parser.add_argument(
        "--footage", type=Path, nargs="+", default=[], help="default: the shipped footage"
    )
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="evaluate this corpus, too")
    parser.add_argument("--only", nargs="+", metavar="ID", help="these sequences of it")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N frames of each")
    return parser


def play(checkout: Path, commit: str | None, material: Material) -> Mapping[str, str]:
    """What the commit's code, or `checkout`'s own, writes about the material, by names.

    Raises `NotPlayedError`.
    """
    with TemporaryDirectory(prefix="same-replay-") as folder:
        out = Path(folder)
        with _worktree(checkout, commit, out / "code") as code:
            texts = dict(_replayed(code, material.footage, out))
            if material.corpus is not None:
                texts |= _evaluated(code, material.corpus, material.options, out / "report")
    return texts


@contextmanager
def _worktree(checkout: Path, commit: str | None, folder: Path) -> Iterator[Path]:
    if commit is None:
        yield checkout
        return
    _output(["git", "worktree", "add", "--quiet", "--detach", str(folder), commit], checkout)
    try:
        yield folder
    finally:
        _output(["git", "worktree", "remove", "--force", str(folder)], checkout)


def _replayed(code: Path, footage: Sequence[Path], out: Path) -> Iterator[tuple[str, str]]:
    for source in footage:
        frames = out / "frames.jsonl"
        yield (
            f"{source.name}, explanations",
            _python(code, "edge", "replay", str(source), "--explain", "--jsonl", str(frames)),
        )
        yield f"{source.name}, frames", frames.read_text(encoding="utf-8")


def _evaluated(code: Path, corpus: Path, options: Sequence[str], out: Path) -> dict[str, str]:
    _python(code, _EVALUATE, str(corpus), str(out), *options)
    return {
        name: _MEASURED.sub(r"\1...", (out / name).read_text(encoding="utf-8"))
        for name in ("report.json", "report.md")
    }


def _python(code: Path, *arguments: str) -> str:
    """What a module of the commit prints: the current folder is where Python looks first."""
    return _output([sys.executable, "-m", *arguments], code)


def _output(command: Sequence[str], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotPlayedError(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
    return done.stdout


def _say(base: Mapping[str, str], new: Mapping[str, str], names: Sequence[Sequence[str]]) -> int:
    differs = False
    for name, text in base.items():
        where = first_difference(renamed(text, names), new[name])
        differs = differs or where is not None
        print(f"{name}: {where or f'the same, {len(text)} characters'}")
    return 1 if differs else 0


def renamed(text: str, names: Sequence[Sequence[str]]) -> str:
    """The text with whole words replaced, one pair of old and new after the other."""
    for old, new in names:
        text = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new.replace("\\", r"\\"), text)
    return text


def first_difference(base: str, new: str) -> str | None:
    """The first line that is not the same, in both forms, around the place where they part."""
    if base == new:
        return None
    pairs = zip_longest(base.split("\n"), new.split("\n"), fillvalue="")
    number, old, now = next((n, *pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    at = next(n for n, pair in enumerate(zip_longest(old, now)) if pair[0] != pair[1])
    part = slice(max(0, at - _SHOWN), at + _SHOWN)
    return f"line {number}, column {at + 1} differs\n  - {old[part]}\n  + {now[part]}"


if __name__ == "__main__":
    sys.exit(main())
