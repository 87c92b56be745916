"""A model that was ordered, tried in a process of its own: what it breaks is not the gateway.

`python -m edge.update.model_trial NEW OLD RUNTIME THREADS PARENT`: opens each, which checks hash,
tensors and self-test, then times them on the self-test's picture. Prints JSON: seconds per frame of
the new model and, where it opens, of the old one. Exit status 1 with the reason as the last line of
its errors. It ends with its parent, so that a model that hangs does not compute for ever. Called by
`model_preparation`.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, cast

from edge.detect.detector import load_model, open_detector
from edge.errors import InferenceError
from imaging.manifest import ModelError
from imaging.self_test import picture_of
from service.clock import Clock, SystemClock

RUNS, ROUNDS = 10, 5
"""Of each model, in turn. The quickest counts: the gateway's own work makes a run slower, never
quicker. A model that seems too slow has more rounds to show that it is not."""
MOST_TIMES_SLOWER = 2.5
"""A model three times as slow as the one before leaves cameras unwatched that were watched."""
_SCORE = 0.25
_PR_SET_PDEATHSIG = 1
"""Of <linux/prctl.h>."""

AskedRuntime = Literal["auto", "tflite", "litert"]


class _Opened:
    """A model with its picture; raises `ModelError`."""

    def __init__(self, model: str, runtime: AskedRuntime, threads: int) -> None:
        self._detector = open_detector(model, runtime, threads, _SCORE)
        verified = load_model(model)
        self._picture = picture_of(verified.folder, verified.manifest)
        self.quickest_s = math.inf

    def run(self, clock: Clock) -> None:
        """Once more; raises `InferenceError`."""
        begun = clock.mono()
        self._detector.detect(self._picture)
        self.quickest_s = min(self.quickest_s, clock.mono() - begun)


def _race(opened: Mapping[str, _Opened], clock: Clock) -> None:
    for _ in range(ROUNDS):
        for one in [*opened.values()] * RUNS:
            one.run(clock)
        new, old = opened["new_s"], opened.get("old_s", opened["new_s"])
        if new.quickest_s <= MOST_TIMES_SLOWER * old.quickest_s:
            return


def _end_with_parent(parent: int) -> None:
    """Linux ends this process when `parent`'s thread that made it ends, however it does."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was quicker
        os._exit(1)


def main(new: str, old: str, runtime: str, threads: str) -> int:
    """The exit status."""
    asked, clock = cast(AskedRuntime, runtime), SystemClock()
    opened = dict[str, _Opened]()
    with suppress(ModelError):  # if it does not open any model is better
        opened["old_s"] = _Opened(old, asked, int(threads))
    try:
        opened["new_s"] = _Opened(new, asked, int(threads))
        _race(opened, clock)
    except (ModelError, InferenceError) as error:
        sys.stderr.write(f"\n{' '.join(str(error).split())}\n")
        return 1
    sys.stdout.write(json.dumps({name: one.quickest_s for name, one in opened.items()}))
    return 0


if __name__ == "__main__":
    _end_with_parent(int(sys.argv[5]))
    sys.exit(main(*sys.argv[1:5]))
