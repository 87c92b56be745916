"""The folder that `balena push` sends: balena's files, and per service all that its build copies.

SHELL, but for the Dockerfiles' text. A build's context cannot reach outside the pushed folder, so
that carries copies. balena chooses `Dockerfile.<its name of the architecture>`, and nothing says
that its builder knows BuildKit: mounts of secrets and caches, which a build outside of a closed
network does without anyway, are left out; whatever else needs BuildKit is refused.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

_BY_DIGEST = re.compile(r"[a-z0-9][a-zA-Z0-9._:/-]{0,254}@sha256:[0-9a-f]{64}")

SOURCES = {"aarch64": "Dockerfile.arm64", "amd64": "Dockerfile.amd64"}
"""By balena's name of the architecture, the file at the root that the edge's is made from."""

MADE = {
    **{f"edge/Dockerfile.{arch}": source for arch, source in SOURCES.items()},
    "bridge/Dockerfile": "bridge/Dockerfile",
}
"""By its place in balena's folder, the Dockerfile of the repository that it is made from."""

_DISPENSABLE = re.compile(r"--mount=type=(?:secret|cache)\S*\s*(?:\\\n\s*)?")
_BUILDKIT = {
    "a mount": re.compile(r"^\s*RUN\b.*--mount=", re.IGNORECASE),
    "a security or network mode": re.compile(r"^\s*RUN\s+--(?:security|network)=", re.IGNORECASE),
    "--link, --chmod, --parents or --exclude": re.compile(
        r"^\s*(?:COPY|ADD)\s.*--(?:link|chmod|parents|exclude)\b", re.IGNORECASE
    ),
    "a here-document": re.compile(r"^\s*(?:RUN|COPY)\b.*<<", re.IGNORECASE),
    "a syntax directive": re.compile(r"^#\s*syntax\s*=", re.IGNORECASE),
    "a variable of the platform": re.compile(r"\$\{?(?:BUILD|TARGET)(?:PLATFORM|ARCH|OS)\b"),
}


class DockerfileError(Exception):
    """The Dockerfile needs what balena's builder may not have; the text says which line."""


def for_balena(text: str, source: str) -> str:
    """The Dockerfile `source`, whose content is `text`, without what is dispensable."""
    plain = _DISPENSABLE.sub("", text)
    for line in _logical_lines(plain):
        for what, pattern in _BUILDKIT.items():
            if pattern.search(line):
                raise DockerfileError(f"{source}: {what} needs BuildKit: {line}")
    return f"# Made from {source} by `python -m tools.build.balena dockerfiles`.\n{plain}"


def copied(text: str) -> tuple[str, ...]:
    """What the build copies from its context, in order of appearance; may hold wildcards."""
    return tuple(dict.fromkeys(_sources(text)))


def _sources(text: str) -> Iterator[str]:
    for line in _logical_lines(text):
        instruction, *arguments = shlex.split(line, comments=True) or [""]
        flags = [one for one in arguments if one.startswith("--")]
        if instruction.upper() in {"COPY", "ADD"} and not any("--from=" in one for one in flags):
            yield from [one for one in arguments if one not in flags][:-1]


def _logical_lines(text: str) -> Iterator[str]:
    """Instructions with their continuations joined; comments between them are left out."""
    pending = ""
    for line in text.splitlines():
        if pending and line.lstrip().startswith("#"):
            continue
        pending += line.rstrip()
        if pending.endswith("\\"):
            pending = pending[:-1] + " "
        else:
            yield pending
            pending = ""
    if pending:
        yield pending


FILES = (
    "docker-compose.yml",
    "balena.yml",
    "mosquitto",
    "edge/contract.yml",
    "bridge/contract.yml",
)
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")


class ProjectError(Exception):
    """The folder cannot be made; the text says why."""


def dockerfiles(root: Path) -> dict[Path, str]:
    """What `balena` must hold, by path, from the Dockerfiles that exist in the repository."""
    return {
        root / "balena" / made: for_balena((root / source).read_text(encoding="utf-8"), source)
        for made, source in MADE.items()
        if (root / source).exists()
    }


def stale(root: Path) -> tuple[Path, ...]:
    """Those of them that are missing or differ."""
    return tuple(
        path
        for path, text in dockerfiles(root).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    )


def assemble(root: Path, out: Path, images: Mapping[str, str] | None = None) -> None:
    """Makes the folder `out`, which must be absent or empty; of services with an image in `images`
    nothing is built."""
    given = images or {}
    if out.exists() and any(out.iterdir()):
        raise ProjectError(f"{out} is not empty; name a new folder")
    wanted = dockerfiles(root)
    if not wanted:
        raise ProjectError(f"{root} has none of {', '.join(MADE.values())}")
    for name in FILES:
        _copy(root / "balena" / name, out / name)
    compose = out / "docker-compose.yml"
    if given:
        compose.write_text(with_images(compose.read_text(encoding="utf-8"), given), "utf-8")
    for path, text in wanted.items():
        context = out / path.parent.name
        if path.parent.name in given:
            continue
        context.mkdir(parents=True, exist_ok=True)
        (context / path.name).write_text(text, encoding="utf-8")
        for source in copied(text):
            for found in _matching(root, source):
                _copy(found, context / found.relative_to(root))


def with_images(compose: str, images: Mapping[str, str]) -> str:
    """The compose file, images in place of `build:`, which no second file can take back."""
    for service, image in images.items():
        if not _BY_DIGEST.fullmatch(image):
            raise ProjectError(f"{image!r} is not REGISTRY/NAME@sha256:... with 64 digits")
        line = f"    build: ./{service}\n"
        if compose.count(line) != 1:
            raise ProjectError(f"{service!r} is no service that is built")
        compose = compose.replace(line, f"    image: {image}\n")
    return compose


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
