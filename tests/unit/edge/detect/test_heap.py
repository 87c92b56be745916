"""Memory: what a frame leaves is used again without asking the system."""

import os
import platform
import subprocess
import sys

import pytest

ROUNDS = 20
FRAMES = f"""
import resource, sys
import numpy as np
from edge.detect.heap import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory()

def frame():
    return [np.ones(size, np.uint8) for size in (900_000, 1_600_000, 500_000, 500_000)]

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

frame(), frame()
before = faults()
for _ in range({ROUNDS}):
    frame()
print((faults() - before) // {ROUNDS})
"""


def faults_per_frame(how: str) -> int:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    command = [sys.executable, "-c", FRAMES, how]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc hands memory back so")
def test_frames_reuse_memory_instead_of_fetching_it_from_the_system_each_time() -> None:
    assert faults_per_frame("keep") < 10
    assert faults_per_frame("let go") > 100
