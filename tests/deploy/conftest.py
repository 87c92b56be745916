"""What the deployment's tests need, installed once into .cache/deploy from locked lists.

They need the package registries, so a plain run of all tests leaves them out (`testpaths`): name
the folder (`pytest tests/deploy`).
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".cache" / "deploy"
INSTALL_S = 300.0

Render = Callable[[str], str]


@pytest.fixture(scope="session", autouse=True)
def _firewall_as_before() -> Iterator[None]:
    """The tables that the engine makes for its networks go with the last of them."""
    before = _firewall_tables()
    yield
    for table in _firewall_tables() - before:
        subprocess.run(["nft", "delete", *table.split()], check=True)


def _firewall_tables() -> set[str]:
    """Lines like `table ip nat`; none where nobody may ask."""
    if shutil.which("nft") is None:
        return set()
    told = subprocess.run(["nft", "list", "tables"], check=False, capture_output=True, text=True)
    return set(told.stdout.splitlines())


@pytest.fixture(scope="session")
def compose_library() -> Path:
    """A folder with balena's compose library installed, and `resolve.js`."""
    source = HERE / "balena_compose"
    lock = (source / "package-lock.json").read_bytes()
    folder = CACHE / f"compose-{hashlib.sha256(lock).hexdigest()[:12]}"
    for path in _to_install(folder):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, path)
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], path)
    shutil.copy(source / "resolve.js", folder)
    return folder


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of kubernetes-validate and podman-compose."""
    lock = HERE / "requirements.lock"
    folder = CACHE / f"python-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    for path in _to_install(folder):
        _run([sys.executable, "-m", "venv", str(folder)], path)
        install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
        _run([str(folder / "bin" / "python"), *install], path)
    return folder / "bin"


@pytest.fixture(scope="session")
def render() -> Render:
    """`kubectl kustomize` of a folder below deploy/kubernetes."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")

    def rendered(folder: str) -> str:
        command = ["kubectl", "kustomize", str(ROOT / "deploy" / "kubernetes" / folder)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return rendered


def _to_install(folder: Path) -> Iterator[Path]:
    """The folder, if it is not complete yet; it counts as complete when the loop's body is done."""
    complete = folder.with_name(f"{folder.name}.complete")
    if complete.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    complete.touch()


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S
    )
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
