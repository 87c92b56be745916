"""`python -m tools.fuzz [--seconds N | --inputs N] [--seed S] [--only TARGET ...] [--out DIR]`.

Prints how it goes; writes each finding, with what led to it, into the folder. `--input FILE` runs
one file again, for a look. Exit status 1 with findings.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import threading
from pathlib import Path

from tools.fuzz.lane import prepare
from tools.fuzz.run import FuzzPlan, FuzzSummary, fuzz
from tools.fuzz.targets import TARGETS, named

_SAY_S = 5.0


class _Progress:
    """A line every few seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said_s = 0.0

    def __call__(self, summary: FuzzSummary) -> None:
        with self._lock:
            if summary.seconds - self._said_s >= _SAY_S:
                self._said_s = summary.seconds
                print(line(summary), flush=True)


def line(summary: FuzzSummary) -> str:
    """How far it is."""
    rate = summary.inputs / max(summary.seconds, 0.1)
    return (
        f"{summary.seconds:6.0f} s  {summary.inputs:9,d} inputs  {rate:6.0f}/s  "
        f"{summary.ways} ways  peak +{summary.peak_mb:.0f} MB  grown {summary.grown_mb:+.0f} MB  "
        f"{len(summary.findings)} findings"
    )


def table(summary: FuzzSummary) -> str:
    """Inputs and the slowest of each target."""
    rows = [
        f"  {name:14} {summary.of_target[name]:9,d}  slowest {summary.slowest_ms[name]:6.1f} ms"
        for name in sorted(summary.of_target, key=lambda name: -summary.of_target[name])
    ]
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(prog="tools.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, help="of each lane; default 60 without --inputs")
    parser.add_argument("--inputs", type=int, default=10**12, help="of all lanes together")
    parser.add_argument("--seed", default=None, help="the same makes the same inputs")
    parser.add_argument("--lanes", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--out", type=Path, default=Path("out/fuzz"), help="for the findings")
    parser.add_argument("--only", nargs="*", default=(), choices=names, metavar="TARGET")
    parser.add_argument("--input", type=Path, help="run this file through the target of --only")
    options = parser.parse_args(arguments)
    if options.input is not None:
        prepare()
        print(named(options.only[0]).run(options.input.read_bytes()))
        return 0
    seconds = options.seconds or (60.0 if options.inputs == 10**12 else 1e9)
    seed = options.seed or secrets.token_hex(4)
    print(f"seed {seed}, {options.lanes} lanes; findings go to {options.out}")
    plan = FuzzPlan(
        seed=seed,
        out=options.out,
        lanes=options.lanes,
        inputs=options.inputs,
        seconds=seconds,
        only=tuple(options.only),
    )
    summary = fuzz(plan, _Progress())
    print(line(summary), table(summary), sep="\n")
    for fault in summary.faults:
        print(f"FOUND {fault}")
    return 1 if summary.faults else 0


if __name__ == "__main__":
    sys.exit(main())
