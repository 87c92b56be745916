"""What can be seen of the Dockerfiles without building anything."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import CHECKOUT

REQUIREMENTS = Path(__file__).parent / "requirements.lock"
FILES = ("Dockerfile.amd64", "Dockerfile.arm64", "cloud/Dockerfile", "bridge/Dockerfile")


def lines(name: str) -> list[str]:
    return (CHECKOUT / name).read_text().splitlines()


def test_both_architectures_have_one_text_but_for_the_base_and_the_line_that_says_so() -> None:
    amd64, arm64 = lines("Dockerfile.amd64"), lines("Dockerfile.arm64")
    assert len(amd64) == len(arm64)
    differing = [
        number for number, pair in enumerate(zip(amd64, arm64, strict=True)) if len(set(pair)) > 1
    ]
    assert differing == [0, 1]
    assert amd64[1].replace("amd64/", "arm64v8/") == arm64[1]


@pytest.fixture(scope="session")
def hadolint(scratch: Path) -> Path:
    """The linter, installed into the scratch folder from its locked requirement."""
    folder = scratch / f"lint-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(REQUIREMENTS)]
        subprocess.run([str(folder / "bin" / "python"), *install], check=True)
        (folder / "ready").touch()
    return folder / "bin" / "hadolint"


@pytest.mark.parametrize("name", FILES)
def test_the_linter_has_nothing_to_say(hadolint: Path, name: str) -> None:
    done = subprocess.run([hadolint, CHECKOUT / name], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize("name", FILES)
def test_python_packages_come_only_by_hash(name: str) -> None:
    installs = re.findall(r"pip install(?:[^\\\n]|\\\n)*", (CHECKOUT / name).read_text())
    assert installs
    for install in installs:
        assert "--require-hashes" in install
        lock = re.search(r"--requirement /build/(\S+)", install)
        assert lock is not None
        assert "--hash=sha256:" in (CHECKOUT / "requirements" / lock[1]).read_text()


def test_the_slim_image_decodes_and_decides_with_the_versions_of_the_full_one() -> None:
    slim, full = pins("slim"), pins("cloud")
    shared = slim.keys() & full.keys()
    assert {"numpy", "opencv-python-headless", "pydantic"} <= shared
    assert {name: slim[name] for name in shared} == {name: full[name] for name in shared}


def pins(name: str) -> dict[str, str]:
    """Version by package."""
    lock = (CHECKOUT / "requirements" / f"{name}.lock").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", lock, re.MULTILINE))
