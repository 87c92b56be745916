"""Builds the images of this checkout.

SHELL. Equal sources, base and locks give equal layers: times are set to zero, byte code does not
depend on them. What a build needs to reach a package index (settings, authorities) is given as
build secrets and ends in no layer.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tools import CHECKOUT
from tools.build.images.base import Arch
from tools.build.images.engine import Engine, EngineError

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
CA_INSIDE = "/etc/ssl/certs/build-ca.crt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecipe:
    """One image: its name, its Dockerfile, the target within it, and the architecture."""

    name: str
    file: str
    arch: Arch
    target: str | None = None

    @property
    def tag(self) -> str:
        return f"localhost/{self.name}:{self.arch}"


EDGE_AMD64 = ImageRecipe(name="stillwatch-edge", file="Dockerfile.amd64", arch="amd64")
EDGE_ARM64 = ImageRecipe(name="stillwatch-edge", file="Dockerfile.arm64", arch="arm64")
CLOUD = ImageRecipe(name="stillwatch-cloud", file="cloud/Dockerfile", arch="amd64", target="full")
SLIM = ImageRecipe(
    name="stillwatch-cloud-slim", file="cloud/Dockerfile", arch="amd64", target="slim"
)
CONSOLE = ImageRecipe(
    name="stillwatch-console", file="cloud/Dockerfile", arch="amd64", target="console"
)
BRIDGE_AMD64 = ImageRecipe(name="stillwatch-bridge", file="bridge/Dockerfile", arch="amd64")
BRIDGE_ARM64 = ImageRecipe(name="stillwatch-bridge", file="bridge/Dockerfile", arch="arm64")
RECIPES = {
    "edge-amd64": EDGE_AMD64,
    "edge-arm64": EDGE_ARM64,
    "bridge-amd64": BRIDGE_AMD64,
    "bridge-arm64": BRIDGE_ARM64,
    "cloud": CLOUD,
    "cloud-slim": SLIM,
    "console": CONSOLE,
}


def build(
    engine: Engine, recipe: ImageRecipe, base: str, *, tag: str = "", fresh: bool = False
) -> str:
    """The image's id; `fresh` uses nothing of earlier builds. Raises `EngineError`."""
    command = ["nice", "-n", "5", "podman", "build", "--network=host", "--timestamp=0"]
    command += ["--pull=never" if base.startswith("localhost/") else "--pull=missing"]
    command += ["--platform", f"linux/{recipe.arch}", "--file", recipe.file]
    command += ["--build-arg", f"BASE={base}"]
    command += ["--build-arg", f"VERSION={version()}", "--build-arg", f"REVISION={revision()}"]
    command += ["--target", recipe.target] if recipe.target else []
    command += ["--no-cache"] if fresh else []
    command += ["--tag", tag or recipe.tag, *_secrets(engine.folder), "."]
    log = engine.folder / f"build-{recipe.name}-{recipe.arch}.log"
    print(f"building {tag or recipe.tag}; {log} has the details", file=sys.stderr)
    with log.open("w") as sink:
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=os.environ | engine.environ(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            check=False,
        )
    if done.returncode != 0:
        raise EngineError(f"{recipe.file} was not built:\n{log.read_text()[-3000:]}")
    return engine.podman("image", "inspect", "--format", "{{.Id}}", tag or recipe.tag).strip()


def version() -> str:
    """The project's version."""
    return str(tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"])


def revision() -> str:
    """The commit that is built, with a mark if the tree differs from it."""
    describe = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--match="]
    done = subprocess.run(describe, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _secrets(folder: Path) -> list[str]:
    """How to reach a package index from within a build on this machine."""
    lines = ["[global]", "timeout = 180", "disable-pip-version-check = true"]
    lines += [f"index-url = {os.environ['PIP_INDEX_URL']}"] if "PIP_INDEX_URL" in os.environ else []
    given = []
    if AUTHORITIES.exists():
        lines += [f"cert = {CA_INSIDE}"]
        given += ["--secret", f"id=ca,src={AUTHORITIES}"]
    file = folder / "pip.conf"
    file.write_text("\n".join([*lines, ""]))
    file.chmod(0o600)
    return [*given, "--secret", f"id=pipconf,src={file}"]
