"""On what the figures were taken: processor, cores, load, versions."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

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
