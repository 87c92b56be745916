"""`python -m tools.evaluation.tracking`: our tracker beside others on exact identities."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge.config.schema import TrackingConfig
from tools.evaluation.tracking.metrics import IdentityCounts, Ids, count_identities, follow
from tools.evaluation.tracking.scenes import TrackingScene, record
from tools.evaluation.tracking.situations import SITUATIONS

RATES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.evaluation.tracking", description=__doc__
    )
    parser.add_argument("--oracle", type=Path, help="a Python with norfair and trackers")
    parser.add_argument("--seeds", type=int, default=10, help="scenes per situation and rate")
    options = parser.parse_args(arguments)
    scenes = draw(options.seeds)
    settings = TrackingConfig()
    followed = {"stillwatch": [follow(scene, settings) for scene in scenes]}
    if options.oracle:
        followed |= _ask(options.oracle, scenes)
    print(table(scenes, followed))
    return 0


def draw(seeds: int, rates: Sequence[float] = RATES) -> list[TrackingScene]:
    """Every situation at every rate; a scene follows from its name, rate and seed alone."""
    scenes = []
    for rate in rates:
        for n, (name, situation) in enumerate(SITUATIONS.items()):
            for seed in range(seeds):
                rng = np.random.default_rng((seed, n, round(rate * 10)))
                scenes.append(record(name, situation(rng), rate, rng))
    return scenes


def _ask(python: Path, scenes: Sequence[TrackingScene]) -> dict[str, list[Ids]]:
    asked = [
        {"fps": s.fps, "frames": [[(*d.box, d.score) for d in frame] for frame in s.frames]}
        for s in scenes
    ]
    oracle = Path(__file__).parent / "oracle.py"
    answer = subprocess.run(
        [python, "-W", "ignore", oracle],
        input=json.dumps(asked),
        text=True,
        capture_output=True,
        check=False,
    )
    if answer.returncode:
        sys.exit(answer.stderr)
    followed: dict[str, list[Ids]] = {
        name: [tuple(tuple(frame) for frame in ids) for ids in all_ids]
        for name, all_ids in json.loads(answer.stdout).items()
    }
    return followed


def table(scenes: Sequence[TrackingScene], followed: dict[str, list[Ids]]) -> str:
    """A line per frame rate and per situation: IDF1, switches, pieces and MOTA of each tracker."""
    sums: dict[str, dict[str, IdentityCounts]] = {}
    for tracker, all_ids in followed.items():
        for scene, ids in zip(scenes, all_ids, strict=True):
            figures = count_identities(scene, ids)
            for line in (f"{scene.fps:g} fps", scene.name, "all"):
                row = sums.setdefault(line, {})
                row[tracker] = row.get(tracker, IdentityCounts()) + figures
    head = "| | " + " | ".join(f"{name}: IDF1, switches, pieces, MOTA" for name in followed) + " |"
    lines = [head, "|---" * (len(followed) + 1) + "|"]
    for line in sorted(sums, key=lambda name: (name == "all", not name[0].isdigit())):
        lines.append(
            f"| {line} | " + " | ".join(_cell(sums[line][name]) for name in followed) + " |"
        )
    return "\n".join(lines)


def _cell(figures: IdentityCounts) -> str:
    return f"{figures.idf1:.3f}, {figures.switches}, {figures.pieces}, {figures.mota:.3f}"


if __name__ == "__main__":
    sys.exit(main())
