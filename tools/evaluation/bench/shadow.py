"""`python -m tools.evaluation.bench.shadow`: what it costs to hold an update against recent frames.

Plays footage as a gateway's only camera: processor time of keeping a frame and the bytes kept, how
long a replay takes and what it takes meanwhile, and how long a live frame waits for its analysis
without and with a replay beside it. Prints a table of docs/scale.md.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from contract.ids import CameraId
from contract.shadow import ShadowResult
from edge.config.load import read
from edge.config.schema import EdgeConfig
from edge.detect.networks import open_detectors
from edge.pipeline import Detector
from edge.records import Frame
from edge.replay.player import EPOCH, Player, marked
from edge.shadow.recent_frames import RecentFrames
from edge.shadow.runs import ShadowPair, ShadowRuns
from service import events
from service.clock import SystemClock
from service.documents import table
from tools.evaluation.bench.pictures import default_source, read_pictures
from tools.evaluation.bench.stopwatch import this_machine

CAMERA = CameraId("bench")
FPS = 5.0
BEFORE = b"{manage: {root: root.json, shadow: {max_run_s: 600}}, cameras: {bench: {kind: stream}}}"
STRICTER = "decide: {rules: [{id: person, labels: [person], threshold: 0.5}]}"
_HEAD = ("what", "found")


@dataclass(slots=True)
class PlayedFootage:
    """Seconds that live frames took, what they raised, and seconds of the processor for keeping
    each."""

    live_s: list[float] = field(default_factory=list)
    raised: int = 0
    keeping_s: list[float] = field(default_factory=list)


class StoredPictures:
    """A source in memory."""

    def __init__(self, pictures: Sequence[bytes]) -> None:
        self._pictures = pictures

    def __len__(self) -> int:
        return len(self._pictures)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return ((str(n), one) for n, one in enumerate(self._pictures))


def played(
    pictures: Sequence[bytes],
    config: EdgeConfig,
    detector: Detector,
    keep: RecentFrames | None,
    enough: Callable[[], bool],
) -> PlayedFootage:
    """Each picture as soon as the one before is done, until `enough`."""
    footage, player = PlayedFootage(), Player(config, CAMERA, FPS, detector, EPOCH)
    for number, (name, payload, last) in enumerate(marked(StoredPictures(pictures))):
        began_s = time.perf_counter()
        step = player.step(number, name, payload, last=last)
        footage.live_s.append(time.perf_counter() - began_s)
        footage.raised += len(step.candidates)
        if keep is not None and isinstance(step.frame, Frame):
            began_s = time.thread_time()
            keep.keep(step.frame, step.outcome)
            footage.keeping_s.append(time.thread_time() - began_s)
        if enough():
            break
    return footage


def beside_a_replay(
    pictures: Sequence[bytes], config: EdgeConfig, detector: Detector, runs: ShadowRuns
) -> tuple[PlayedFootage, ShadowResult]:
    """Live frames for as long as a replay runs."""
    pair = ShadowPair(config, read(BEFORE, {}, [STRICTER]).config, ("before", "after"))
    found: list[ShadowResult] = []

    def over() -> bool:
        result = runs.result(pair) if not found else None
        found.extend([] if result is None else [result])
        return bool(found)

    over()
    both = PlayedFootage()
    while not found:
        both.live_s += played(pictures, config, detector, None, over).live_s
    return both, found[0]


def rows(
    alone: PlayedFootage, both: PlayedFootage, found: ShadowResult, held: tuple[int, float]
) -> list[tuple[str, ...]]:
    """Of the table."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = children.ru_utime + children.ru_stime
    keeping_us = 1e6 * float(np.mean(alone.keeping_s))
    return [
        ("keeping a frame", f"{keeping_us:.0f} µs of a core"),
        ("kept of the footage", f"{held[0] / 1e6:.1f} MB, {held[1]:.0f} s"),
        (
            "a replay of it",
            f"{found.frames} frames in {found.took_s:.0f} s; {used_s:.0f} s of a core, "
            f"{children.ru_maxrss / 1024:.0f} MB",
        ),
        ("reported live, and again in the replay", f"{alone.raised}, {found.before}"),
        ("a live frame alone: median, 95 %, longest", _latencies(alone)),
        ("a live frame beside a replay", _latencies(both)),
    ]


def _latencies(footage: PlayedFootage) -> str:
    at = np.percentile(footage.live_s, [50, 95, 100]) * 1000
    return ", ".join(f"{one:.0f}" for one in at) + " ms"


def main(arguments: list[str] | None = None) -> int:
    """Prints the table; 1 if nothing was replayed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=default_source(), help="video or folder")
    parser.add_argument("--frames", type=int, default=120, help="of it, at most (%(default)s)")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    events.configure(level="error")
    config, pictures = read(BEFORE, {}).config, read_pictures(options.source)[-options.frames :]
    detector, recent = open_detectors(config)[0], RecentFrames(lambda: config)
    alone = played(pictures, config, detector, recent, lambda: False)
    both, found = beside_a_replay(pictures, config, detector, ShadowRuns(recent, SystemClock()))
    print(this_machine())
    print(table(_HEAD, rows(alone, both, found, recent.held())))
    print(found.words())
    return 0 if found.frames else 1


if __name__ == "__main__":
    sys.exit(main())
