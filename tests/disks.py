"""A small disk of the test's own that can be filled, frozen and let go (needs root)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

Fault = Literal["full", "inodes", "read_only"]


@contextmanager
def disk(folder: Path, options: str = "size=24m,nr_inodes=4k") -> Iterator[Path]:
    """A file system mounted at `folder` until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("cannot mount a small file system here (needs root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def failing(folder: Path, fault: Fault) -> Iterator[None]:
    """Within the block the disk at `folder` takes nothing more."""
    filling = folder / "filling"
    match fault:
        case "full":
            _fill(filling)
        case "inodes":
            filling.mkdir()
            _use_up_inodes(filling)
        case "read_only":
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    try:
        yield
    finally:
        if fault == "read_only":
            subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        elif fault == "inodes":
            shutil.rmtree(filling)
        else:
            filling.unlink()


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as opened:
        try:
            while opened.write(bytes(65_536)):
                pass
        except OSError:
            pass
        for size in (4096, 1):
            try:
                while opened.write(bytes(size)):
                    pass
            except OSError:
                continue


def _use_up_inodes(folder: Path) -> None:
    for number in range(os.statvfs(folder).f_files):
        try:
            (folder / str(number)).touch()
        except OSError:
            return
