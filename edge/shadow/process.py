"""Replays recent frames for an update, in a process of its own that gives way to everything else.

`python -m edge.shadow.process`: configurations and clips come on stdin (`pipe`), the result goes to
stdout as JSON. It has a low priority, so the live service goes first; where memory runs out it is
what the kernel ends. It stops by itself when its time is up, and when the gateway is gone. Exit
status 1 with the reason as the last line of its errors. Called by `runs`.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import cv2

from contract.shadow import ShadowOutcome, ShadowResult
from edge.config.schema import EdgeConfig
from edge.detect.networks import open_detectors
from edge.errors import InferenceError
from edge.replay.comparison import ComparedSide
from edge.shadow.judging import Clip, JudgedClip, JudgedFootage, replayed
from edge.shadow.pipe import CutShort, ShadowOrder, read_clips, read_order
from imaging.manifest import ModelError
from service import events
from service.clock import Clock, SystemClock

_NICE = 10
"""Where all cores are busy it gets a tenth of what a thread of the daemon gets. At 19 it would get
a seventieth, and on a gateway that is always busy no update would ever be judged."""


def main() -> int:
    """The exit status."""
    _give_way()
    cv2.setNumThreads(1)
    events.configure(level="error")
    try:
        found = replay_all(sys.stdin.buffer, SystemClock())
    except (ModelError, InferenceError, CutShort) as error:
        words = " ".join(str(error).split()) or "the gateway is gone"
        sys.stderr.write(f"\n{words}\n")
        return 1
    sys.stdout.write(found.model_dump_json())
    return 0


def replay_all(stream: BinaryIO, clock: Clock) -> ShadowResult:
    """Clips as they come, until the end or until the time is up; raises `ModelError`,
    `InferenceError` and `CutShort`."""
    began_s, order = clock.mono(), read_order(stream)
    sides = _sides(order)
    until_s, judged = began_s + order.max_run_s, JudgedFootage()
    detail = ""
    for clip in read_clips(stream):
        one = _judge(clip, sides, until_s, clock)
        if one is None:
            detail = f"stopped after {order.max_run_s:g} s, with footage left"
            break
        judged.add(clip, one)
    if not judged.frames:
        return ShadowResult(
            outcome=ShadowOutcome.FAILED,
            detail=f"not one stretch was replayed in {order.max_run_s:g} s",
        )
    return judged.result(detail, clock.mono() - began_s)


def _judge(
    clip: Clip, sides: tuple[ComparedSide, ComparedSide], until_s: float, clock: Clock
) -> JudgedClip | None:
    """None if the time is up before its end: half a clip says nothing of what comes later."""
    judged = JudgedClip()
    for frame in replayed(clip, *sides):
        if clock.mono() >= until_s:
            return None
        judged.add(frame)
    return judged


def _sides(order: ShadowOrder) -> tuple[ComparedSide, ComparedSide]:
    """With one network where both ask for the same."""
    before = ComparedSide(config=order.before, detector=open_detectors(_alone(order.before))[0])
    same = order.after.detect == order.before.detect
    detector = before.detector if same else open_detectors(_alone(order.after))[0]
    return before, ComparedSide(config=order.after, detector=detector)


def _alone(config: EdgeConfig) -> EdgeConfig:
    detect = config.detect.model_copy(update={"workers": 1, "threads_per_worker": 1})
    return config.model_copy(update={"detect": detect})


def _give_way() -> None:
    """What a sandbox forbids of it is left."""
    with suppress(OSError):
        os.nice(_NICE)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    sys.exit(main())
