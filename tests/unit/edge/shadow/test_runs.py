"""Replays beside the gateway: nothing to replay, killed, failed, ended early: each is a result."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from contract.shadow import ShadowOutcome, ShadowResult
from edge.config.load import read
from edge.records import Quiet
from edge.shadow.recent_frames import RecentFrames
from edge.shadow.runs import ShadowPair, ShadowRuns
from service.clock import SystemClock
from tests.unit.edge.shadow.test_stretches import frame, motion

MANAGED = read(b"manage: {root: /root.json}", {}).config
PAIR = ShadowPair(before=MANAGED, after=MANAGED, key=("a", "b"))
PATIENCE_S = 60.0


def recent(frames: int) -> RecentFrames:
    kept = RecentFrames(lambda: MANAGED)
    for n in range(frames):
        kept.keep(frame(n / 5, size=100_000), Quiet(motion=motion("swaying")))
    return kept


def run(kept: RecentFrames, *program: str) -> ShadowResult:
    runs = ShadowRuns(kept, SystemClock(), (sys.executable, "-c", *program))
    return awaited(runs, PAIR)


def awaited(runs: ShadowRuns, pair: ShadowPair) -> ShadowResult:
    pause, waited_s = threading.Event(), 0.0
    while (found := runs.result(pair)) is None:
        assert waited_s < PATIENCE_S
        pause.wait(0.05)
        waited_s += 0.05
    return found


def test_without_frames_nothing_is_started_and_that_is_said() -> None:
    found = run(recent(0), "raise SystemExit(3)")
    assert found.outcome == ShadowOutcome.NOTHING_TO_REPLAY
    assert "no frames" in found.detail


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was ended by signal 9"),
        ("import sys; sys.exit('\\nmodel x: is broken')", "model x: is broken"),
        ("print('no json')", "its answer cannot be read"),
        ("", "its answer cannot be read"),
    ],
)
def test_a_process_that_does_not_answer_is_said_and_is_no_evidence(program: str, why: str) -> None:
    found = run(recent(40), program)
    assert found.outcome == ShadowOutcome.FAILED
    assert why in found.detail


READS_A_BIT = """
import sys
sys.stdin.buffer.read(10)
sys.stdout.write('{"outcome": "replayed", "frames": 7}')
"""


def test_one_whose_time_is_up_leaves_frames_unread() -> None:
    assert run(recent(40), READS_A_BIT).frames == 7


WAITS = "import sys; sys.stdin.buffer.read(); import threading; threading.Event().wait()"


def test_it_ends_with_the_gateway() -> None:
    runs = ShadowRuns(recent(40), SystemClock(), (sys.executable, "-c", WAITS))
    assert runs.result(PAIR) is None
    pause = threading.Event()
    while not runs.running:
        pause.wait(0.01)
    runs.stop()
    assert "signal 9" in awaited(runs, PAIR).detail


def test_another_waits_for_the_one_under_way_and_each_gets_its_own(tmp_path: Path) -> None:
    once = 'import sys; sys.stdin.buffer.read(); print(\'{"outcome": "replayed"}\')'
    command: Sequence[str] = (sys.executable, "-c", once)
    runs = ShadowRuns(recent(5), SystemClock(), command)
    other = ShadowPair(before=MANAGED, after=MANAGED, key=("a", str(tmp_path)))
    assert runs.result(PAIR) is None
    assert runs.result(other) is None
    assert awaited(runs, other) == awaited(runs, PAIR)


def test_nothing_is_kept_where_no_order_is_obeyed_or_none_is_wanted() -> None:
    for document in ("{}", "manage: {root: /root.json, shadow: {max_bytes: 0}}"):
        now = [MANAGED]
        kept = RecentFrames(lambda now=now: now[0])  # type: ignore[misc]
        kept.keep(frame(0), Quiet(motion=motion("swaying")))
        assert kept.held()[0] > 0
        now[0] = read(document.encode(), {}).config
        kept.keep(frame(1), Quiet(motion=motion("swaying")))
        assert kept.held() == (0, 0)
        assert kept.footage() == ()
