"""A model that was ordered, tried in a process of its own: what it breaks is not the gateway.

`python -m edge.update.model_trial NEW OLD RUNTIME THREADS`: opens each, which checks hash, tensors
and self-test, then times them on the self-test's picture. Prints JSON: seconds per frame of the new
model and, where it opens, of the old one. Exit status 1 with the reason as the last line of its
errors. Called by `model_preparation`.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from statistics import median
from typing import Literal, cast

from edge.detect.detector import load_model, open_detector
from edge.errors import InferenceError
from imaging.manifest import ModelError
from imaging.self_test import picture_of
from service.clock import SystemClock

RUNS = 7
_SCORE = 0.25

AskedRuntime = Literal["auto", "tflite", "litert"]


def seconds_per_frame(model: str, runtime: AskedRuntime, threads: int) -> float:
    """Median over some runs; raises `ModelError` and `InferenceError`."""
    detector, clock = open_detector(model, runtime, threads, _SCORE), SystemClock()
    verified = load_model(model)
    picture, taken = picture_of(verified.folder, verified.manifest), list[float]()
    for _ in range(RUNS):
        begun = clock.mono()
        detector.detect(picture)
        taken.append(clock.mono() - begun)
    return median(taken)


def main(new: str, old: str, runtime: str, threads: str) -> int:
    """The exit status."""
    asked = cast(AskedRuntime, runtime)
    try:
        found = {"new_s": seconds_per_frame(new, asked, int(threads))}
    except (ModelError, InferenceError) as error:
        sys.stderr.write(f"\n{' '.join(str(error).split())}\n")
        return 1
    with suppress(ModelError, InferenceError):  # if it does not open any model is better
        found["old_s"] = seconds_per_frame(old, asked, int(threads))
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
