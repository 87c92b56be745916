"""Two clocks around a call: the wall's, and the processor time that this process really got.

The machine may be shared. Figures that are compared are therefore taken in turns, and compared pair
by pair; the processor time tells whether somebody else was running meanwhile. `this_machine` says
on what the figures were taken.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of a call."""

    wall_s: float
    cpu_s: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)

    def times(self, count: int) -> Spent:
        """`count` such calls."""
        return Spent(count * self.wall_s, count * self.cpu_s)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.wall_s - other.wall_s, self.cpu_s - other.cpu_s)


def timed(call: Callable[[], T]) -> tuple[T, Spent]:
    """What `call` gives and what it took."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    result = call()
    return result, Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def rounds(seconds: float, least: int) -> Iterator[int]:
    """Numbers the rounds until `seconds` are over, but at least `least` of them."""
    end_s = time.perf_counter() + seconds
    number = 0
    while number < least or time.perf_counter() < end_s:
        yield number
        number += 1


def median_ms(spent: list[Spent]) -> float:
    """Of the wall clock."""
    return 1e3 * median(one.wall_s for one in spent)


def median_cpu_ms(spent: list[Spent]) -> float:
    """Of processor time, all threads together."""
    return 1e3 * median(one.cpu_s for one in spent)


PACKAGES = ("tflite-runtime", "ai-edge-litert", "opencv-python-headless", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`load` is the one-minute load average when the bench began."""

    cpu: str
    architecture: str
    cores: int
    usable_cores: int
    load: float
    python: str
    versions: dict[str, str]

    def line(self) -> str:
        packages = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return (
            f"{self.cpu} ({self.architecture}), {self.usable_cores} of {self.cores} cores, load "
            f"{self.load:.1f}; Python {self.python}, {packages}"
        )


def this_machine() -> Machine:
    return Machine(
        cpu=_cpu(),
        architecture=platform.machine(),
        cores=os.cpu_count() or 1,
        usable_cores=len(os.sched_getaffinity(0)),
        load=os.getloadavg()[0],
        python=platform.python_version(),
        versions={name: found for name in PACKAGES if (found := _version(name))},
    )


def _cpu() -> str:
    """The processor's name; boards without one in cpuinfo tell theirs in the device tree."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    board = Path("/proc/device-tree/model")
    return next(named, "") or (board.read_text().strip("\0\n") if board.exists() else "unknown")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
