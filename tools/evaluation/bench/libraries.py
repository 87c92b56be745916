"""Our own code beside the libraries that could take its place (docs/adr/0010-libraries-tried.md).

`python -m tools.evaluation.bench.libraries`: zones beside OpenCV, the assignment of detections to
tracks beside SciPy and, if it is installed, lapx.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from edge.track.assignment import assign
from imaging.polygons import contains
from tools.evaluation.bench.stopwatch import this_machine, timed

CALLS, TURNS = 100, 15
POINT = (0.31, 0.62)
CORNERS = (4, 8, 20)
TRACKS = (2, 8, 30, 64)

Table = npt.NDArray[np.float64]
Assign = Callable[[Table], dict[int, int]]


def by_scipy(similarity: Table) -> dict[int, int]:
    """As `assign`, which gives nobody what is of no similarity."""
    rows, columns = linear_sum_assignment(-similarity)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {row: column for row, column in pairs if similarity[row, column] > 0}


def by_lapx(similarity: Table) -> dict[int, int]:
    _, columns, _ = import_module("lap").lapjv(-similarity, extend_cost=True)
    pairs = enumerate(columns.tolist())
    return {row: column for row, column in pairs if column >= 0 and similarity[row, column] > 0}


def tables(tracks: int) -> Iterator[tuple[str, Table]]:
    """Similarities of so many tracks and detections: as most frames have them, and where all want
    the same."""
    rng = np.random.default_rng(tracks)
    weak = 0.3 * rng.random((tracks, tracks)) * (rng.random((tracks, tracks)) < 0.08)
    yield f"{tracks} tracks, each near its own", weak + np.diag(0.8 + rng.random(tracks))
    yield f"{tracks} tracks that all compete", rng.random((tracks, tracks))


def microseconds(calls: Mapping[str, Callable[[], object]]) -> str:
    """Processor time of each, measured in turns: the least, as others disturb it on any machine."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(TURNS):
        for name, call in calls.items():
            spent[name].append(timed(partial(_repeat, call))[1].cpu_s)
    return "".join(f"{name:>16} {1e6 * min(s) / CALLS:8.1f}" for name, s in spent.items())


def _repeat(call: Callable[[], object]) -> None:
    for _ in range(CALLS):
        call()


def rows() -> Iterator[str]:
    for corners in CORNERS:
        turns = (2 * math.pi * number / corners for number in range(corners))
        polygon = tuple((0.5 + 0.4 * math.cos(t), 0.5 + 0.4 * math.sin(t)) for t in turns)
        kept = np.array(polygon, np.float32)
        calls: dict[str, Callable[[], object]] = {
            "ours": partial(contains, polygon, POINT),
            "OpenCV": partial(cv2.pointPolygonTest, kept, POINT, False),
        }
        yield f"{f'zone of {corners} corners':32}{microseconds(calls)}"
    solvers: dict[str, Assign] = {"ours": assign, "SciPy": by_scipy}
    if find_spec("lap"):
        solvers["lapx"] = by_lapx
    for tracks in TRACKS:
        for name, table in tables(tracks):
            yield f"{name:32}{microseconds({s: partial(f, table) for s, f in solvers.items()})}"


def main() -> int:
    print(f"{this_machine().line()}\nmicroseconds a call")
    for row in rows():
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
