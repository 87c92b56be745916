"""The edge's Dockerfiles as balena's builder takes them.

PURE. balena chooses `Dockerfile.<its name of the architecture>`, and nothing says that its builder
knows BuildKit: mounts of secrets and caches, which a build outside of a closed network does without
anyway, are left out; whatever else needs BuildKit is refused. Called by `project`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

SOURCES = {"aarch64": "Dockerfile.arm64", "amd64": "Dockerfile.amd64"}
"""By balena's name of the architecture, the file at the root that it is made from."""

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
