"""Starts lanes, follows them, starts those that die again behind what killed them, and sums up.

SHELL. Used by the command line and by the tests.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools import CHECKOUT
from tools.fuzz.lane import GROWN_BYTES, SLOT_BYTES, under_work, written

LANE = (sys.executable, "-m", "tools.fuzz.lane")
HUNG_S = 60.0
"""Without a word for so long, though an input may take a fifth of a second."""


@dataclass(slots=True)
class FuzzSummary:
    """Of all lanes; `findings` are files in the folder given."""

    inputs: int = 0
    seconds: float = 0.0
    ways: int = 0
    peak_mb: float = 0.0
    grown_mb: float = 0.0
    findings: list[str] = field(default_factory=list)
    of_target: dict[str, int] = field(default_factory=dict)
    slowest_ms: dict[str, float] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        """Findings, and growth beyond its limit."""
        grown = self.grown_mb * 1e6 > GROWN_BYTES
        return self.findings + ([f"memory grew by {self.grown_mb} MB"] if grown else [])


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzPlan:
    """What is to be done; stops at `inputs` or after `seconds`, whichever comes first."""

    seed: str
    out: Path
    lanes: int
    inputs: int
    seconds: float
    only: tuple[str, ...] = ()


class _Running:
    """One lane, through as many processes as it takes."""

    def __init__(self, plan: FuzzPlan, number: int, slot: Path) -> None:
        self._plan, self._number, self._slot = plan, number, slot
        self._before: dict[str, Any] = {}
        self.said: dict[str, Any] = {}
        self.died: list[str] = []
        slot.write_bytes(bytes(SLOT_BYTES))

    def follow(self, until_s: float, news: Callable[[], None]) -> None:
        """To its end; a process that dies or hangs is a finding."""
        first = self._number
        while True:
            status = self._process(first, until_s - time.monotonic(), news)
            if status == 0:
                return
            number, target, data = under_work(self._slot)
            trace = self._slot.with_suffix(".trace").read_text(errors="replace")[-4_000:]
            words = f"seed {self._plan.seed}/{number}\nended with {status}\n{trace}"
            kind = "hung" if status is None else "died"
            self.died.append(written(self._plan.out, kind, target, data, words))
            first = number + self._plan.lanes
            self._before = _summed((self._before, self.said))
            self.said = {}
            if until_s < time.monotonic() or len(self.died) > 20:
                return

    def total(self) -> dict[str, Any]:
        return _summed((self._before, self.said))

    def _process(self, first: int, seconds: float, news: Callable[[], None]) -> int | None:
        """Its exit status, None if it hung."""
        plan = self._plan
        command = [*LANE, "--seed", plan.seed]
        command += ["--out", str(plan.out), "--slot", str(self._slot), "--first", str(first)]
        command += ["--step", str(plan.lanes), "--inputs", str(plan.inputs)]
        command += ["--seconds", str(max(0.0, seconds)), "--only", *plan.only]
        with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
            lines: queue.Queue[str | None] = queue.Queue()
            reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
            reader.start()
            try:
                while (line := lines.get(timeout=HUNG_S)) is not None:
                    self.said = json.loads(line)
                    news()
            except queue.Empty:
                process.kill()
                return None
            return process.wait()


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout is not None, "it was asked for"  # noqa: S101, for the types
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


def fuzz(plan: FuzzPlan, reported: Callable[[FuzzSummary], None] = lambda _: None) -> FuzzSummary:
    """Runs the plan; `reported` hears how it goes."""
    began = time.monotonic()
    until_s = began + plan.seconds
    with _slots(plan.lanes) as slots:
        lanes = [_Running(plan, number, slot) for number, slot in enumerate(slots)]

        def news() -> None:
            reported(_summary(lanes, time.monotonic() - began))

        threads = [threading.Thread(target=lane.follow, args=(until_s, news)) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return _summary(lanes, time.monotonic() - began)


@contextmanager
def _slots(count: int) -> Iterator[list[Path]]:
    with tempfile.TemporaryDirectory(prefix="fuzz-slots-") as name:
        yield [Path(name) / f"lane-{number}" for number in range(count)]


def _summary(lanes: list[_Running], seconds: float) -> FuzzSummary:
    whole = _summed([lane.total() for lane in lanes])
    died = [name for lane in lanes for name in lane.died]
    return FuzzSummary(
        inputs=whole.get("inputs", 0),
        seconds=seconds,
        ways=whole.get("ways", 0),
        peak_mb=whole.get("peak_mb", 0.0),
        grown_mb=whole.get("grown_mb", 0.0),
        findings=sorted({*whole.get("findings", []), *died}),
        of_target=whole.get("of_target", {}),
        slowest_ms=whole.get("slowest_ms", {}),
    )


_HIGHEST = ("peak_mb", "grown_mb", "ways", "number")


def _summed(parts: Any) -> dict[str, Any]:
    """Numbers added or the highest taken, lists joined, tables likewise."""
    whole: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if name not in whole:
                whole[name] = dict(value) if isinstance(value, dict) else value
            elif name == "slowest_ms":
                highest = {key: max(whole[name].get(key, 0.0), one) for key, one in value.items()}
                whole[name] = whole[name] | highest
            elif isinstance(value, dict):
                whole[name] = {
                    key: whole[name].get(key, 0) + value.get(key, 0)
                    for key in {*whole[name], *value}
                }
            elif name in _HIGHEST:
                whole[name] = max(whole[name], value)
            else:
                whole[name] = whole[name] + value
    return whole
