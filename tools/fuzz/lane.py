"""One process that fuzzes: makes each input, runs it, measures it, says what it found.

SHELL. `python -m tools.fuzz.lane OPTIONS`, started by `run`, as it may die of what it tries: the
input under work stands in a mapped file, which outlives it. CPU time is measured, not the clock, as
machines are shared; an input that seems slow or large is tried again before it is a finding. Lines
of JSON on stdout say how it goes.
"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import gc
import hashlib
import json
import mmap
import os
import resource
import struct
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

import cv2

from service import events
from tools.fuzz.pictures import reference
from tools.fuzz.targets import TARGETS, Target

REFERENCE_S = 0.006
"""What `pictures.reference` takes where the limit was set. Cores that are shared with others do
less in a second, so a limit of CPU time is stretched by as much as the reference is."""

PEAK_BYTES = 200_000_000
GROWN_BYTES = 24_000_000
"""Beyond the warm-up: what allocators keep of the largest inputs, and no more."""

ADDRESS_SPACE_BYTES = 12_000_000_000
"""Protects the machine. Far above what is a finding, so that a large claim is seen to be one."""

WARM_UP = 40_000
"""Inputs before memory is looked at: by then also the rare targets have had their largest. The
sequences alone go from 88 to 140 MB within their first hundred, and stay there for thousands."""

FLOOR_OF = 20
"""A leak lifts the least of so many looks."""

SLOT_BYTES = 8_000_000
HEAD = struct.Struct("<QQ16s")
"""In the mapped file: number of the input, its bytes, its target."""

_SAY_S = 1.0
_ALIKE = 3
"""Findings of one cause that are written down."""


@dataclass(slots=True)
class LaneCounts:
    """What a lane says of itself."""

    inputs: int = 0
    findings: list[str] = field(default_factory=list)
    of_target: dict[str, int] = field(default_factory=dict)
    slowest_ms: dict[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0
    grown_mb: float = 0.0
    ways: int = 0


class FuzzLane:
    """Inputs `first`, `first + step`, ... of a seed."""

    def __init__(self, seed: str, out: Path, slot: mmap.mmap, only: tuple[str, ...]) -> None:
        self._seed, self._out, self._slot = seed, out, slot
        self._targets = [one for one in TARGETS if not only or one.name in only]
        self._shares = [one.share for one in self._targets]
        self._totals = LaneCounts()
        self._ways: set[tuple[str, str]] = set()
        self._causes: dict[str, int] = {}
        self._warm_bytes = 0
        self._looks: deque[int] = deque(maxlen=FLOOR_OF)

    def run(self, first: int, step: int, inputs: int, seconds: float) -> None:
        """Until `inputs` of all lanes are done, or so many seconds have gone by."""
        began, said = time.monotonic(), 0.0
        for target in self._targets if first < inputs else ():  # what they keep is made
            data = target.make(Random(self._seed))
            self._note(first, target, data)
            target.run(data)
        for number in range(first, inputs, step):
            self._one(number)
            if self._totals.inputs == WARM_UP // step:
                self._warm_bytes = _kept_bytes()
            now = time.monotonic()
            if now - said > _SAY_S:
                said = now
                self._print(number)
            if now - began > seconds:
                break
        self._print(inputs)

    def _one(self, number: int) -> None:
        random = Random(f"{self._seed}/{number}")
        target = random.choices(self._targets, self._shares)[0]
        data = target.make(random)[: SLOT_BYTES - HEAD.size]
        self._note(number, target, data)
        self._totals.inputs += 1
        self._totals.of_target[target.name] = self._totals.of_target.get(target.name, 0) + 1
        before = _resident_bytes()
        _reset_peak()
        spent_s, error = self._attempt(target, data)
        peak = _peak_bytes() - before
        if error is not None:
            self._find("raised", target, number, data, error)
        if spent_s > target.cpu_s:
            spent_s, limit_s = self._again(target, data, spent_s)
            if spent_s > limit_s:
                self._find("slow", target, number, data, f"{spent_s:.3f} s, limit {limit_s:.3f}")
        if peak > PEAK_BYTES:
            self._find("large", target, number, data, f"{peak / 1e6:.0f} MB")
        slowest = max(self._totals.slowest_ms.get(target.name, 0.0), spent_s * 1e3)
        self._totals.slowest_ms[target.name] = round(slowest, 1)
        self._totals.peak_mb = max(self._totals.peak_mb, round(peak / 1e6, 1))

    def _again(self, target: Target, data: bytes, spent_s: float) -> tuple[float, float]:
        """The best of three, and the limit for the machine as it was meanwhile."""
        reference_s = min(_timed(reference) for _ in range(3))
        for _ in range(2):
            spent_s = min(spent_s, self._attempt(target, data)[0])
            reference_s = min(reference_s, _timed(reference))
        return spent_s, target.cpu_s * max(1.0, reference_s / REFERENCE_S)

    def _note(self, number: int, target: Target, data: bytes) -> None:
        """For whoever looks when this process is dead."""
        self._slot[: HEAD.size] = HEAD.pack(number, len(data), target.name.encode())
        self._slot[HEAD.size : HEAD.size + len(data)] = data

    def _attempt(self, target: Target, data: bytes) -> tuple[float, str | None]:
        began = time.process_time()
        try:
            way = target.run(data)
        except BaseException:  # noqa: BLE001, whatever comes out is what is looked for
            return time.process_time() - began, traceback.format_exc(limit=-12)
        spent_s = time.process_time() - began
        self._ways.add((target.name, way))
        return spent_s, None

    def _find(self, kind: str, target: Target, number: int, data: bytes, words: str) -> None:
        cause = f"{kind} {target.name} {_last_place(words) if kind == 'raised' else ''}"
        self._causes[cause] = self._causes.get(cause, 0) + 1
        if self._causes[cause] <= _ALIKE:
            name = written(
                self._out, kind, target.name, data, f"seed {self._seed}/{number}\n{words}"
            )
            self._totals.findings.append(name)

    def _print(self, number: int) -> None:
        if self._warm_bytes:
            self._looks.append(_kept_bytes())
            grown = (min(self._looks) - self._warm_bytes) / 1e6
            self._totals.grown_mb = round(grown, 1)
        self._totals.ways = len(self._ways)
        print(json.dumps(asdict(self._totals) | {"number": number}), flush=True)


def written(out: Path, kind: str, target: str, data: bytes, words: str) -> str:
    """The name under which the input lies in `out`, with the words beside it."""
    name = f"{kind}-{target}-{hashlib.sha256(data).hexdigest()[:12]}"
    out.mkdir(parents=True, exist_ok=True)
    (out / name).write_bytes(data)
    (out / f"{name}.txt").write_text(f"target {target}\n{words}\n", errors="backslashreplace")
    return name


def under_work(slot: Path) -> tuple[int, str, bytes]:
    """Number, target and bytes of the last input of a lane."""
    content = slot.read_bytes()
    number, size, target = HEAD.unpack_from(content)
    return number, target.rstrip(b"\0").decode(), content[HEAD.size : HEAD.size + size]


def _kept_bytes() -> int:
    """The resident size without what allocators hold back of what was freed: that alone goes up and
    down by 40 MB, while what is kept stays within 2."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return _resident_bytes()


def _timed(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _last_place(trace: str) -> str:
    places = [line.strip() for line in trace.splitlines() if line.startswith("  File ")]
    return places[-1] if places else trace[-80:]


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _peak_bytes() -> int:
    # not `ru_maxrss`, which begins with what the process had before it became this program
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def prepare() -> Callable[[], None]:
    """This process for hostile input; what is returned makes it quiet, for libjpeg talks a lot."""
    cv2.setNumThreads(1)
    events.configure(sink=lambda _: None)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def quiet() -> None:
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123, a descriptor is wanted
            os.dup2(nothing.fileno(), 2)

    return quiet


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools.fuzz.lane", description=__doc__)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--slot", type=Path, required=True)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--step", type=int, required=True)
    parser.add_argument("--inputs", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--only", nargs="*", default=())
    options = parser.parse_args()
    trace = (options.slot.with_suffix(".trace")).open("w")
    prepare()()
    faulthandler.enable(file=trace)
    with options.slot.open("r+b") as file, mmap.mmap(file.fileno(), SLOT_BYTES) as slot:
        lane = FuzzLane(options.seed, options.out, slot, tuple(options.only))
        lane.run(options.first, options.step, options.inputs, options.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
