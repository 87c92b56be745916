"""The folder that `balena push` sends: balena's files, and in `edge/` all that its build copies.

SHELL. A build's context cannot reach outside the pushed folder, so that carries copies. Called by
`__main__`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tools.build.balena.dockerfiles import SOURCES, copied, for_balena

FILES = ("docker-compose.yml", "balena.yml", "mosquitto", "edge/contract.yml")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")


class ProjectError(Exception):
    """The folder cannot be made; the text says why."""


def dockerfiles(root: Path) -> dict[Path, str]:
    """What `balena/edge` must hold, by path, from the Dockerfiles that exist at the root."""
    return {
        root / "balena" / "edge" / f"Dockerfile.{arch}": for_balena(
            (root / source).read_text(encoding="utf-8"), source
        )
        for arch, source in SOURCES.items()
        if (root / source).exists()
    }


def stale(root: Path) -> tuple[Path, ...]:
    """Those of them that are missing or differ."""
    return tuple(
        path
        for path, text in dockerfiles(root).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    )


def assemble(root: Path, out: Path) -> None:
    """Makes the folder `out`, which must be absent or empty."""
    if out.exists() and any(out.iterdir()):
        raise ProjectError(f"{out} is not empty; name a new folder")
    wanted = dockerfiles(root)
    if not wanted:
        raise ProjectError(f"{root} has none of {', '.join(SOURCES.values())}")
    context = out / "edge"
    context.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        _copy(root / "balena" / name, out / name)
    for path, text in wanted.items():
        (context / path.name).write_text(text, encoding="utf-8")
    for source in dict.fromkeys(name for text in wanted.values() for name in copied(text)):
        for path in _matching(root, source):
            _copy(path, context / path.relative_to(root))


def _matching(root: Path, source: str) -> Iterator[Path]:
    found = sorted(root.glob(source.strip("/")))
    if not found:
        raise ProjectError(f"the build copies {source}, which {root} does not have")
    yield from found


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=_LEFT_OUT, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)
