"""The bare base that images are built from where no registry of bases is at hand.

SHELL. Debian with Python and pip, made by mmdebstrap from the distribution's own packages, as near
as possible to the base that the Dockerfiles name; kept as a tar file in the scratch folder.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

from tools.build.images.engine import Engine

Arch = Literal["amd64", "arm64"]

SUITE = "bookworm"
PACKAGES = "python3,python3-pip,ca-certificates,libstdc++6"
OPTIONS = (
    '--aptopt=Acquire::Languages "none"',
    *(
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    ),
    *("--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"),
)


def import_base(engine: Engine, arch: Arch, folder: Path) -> str:
    """The base's name in the engine; makes what is missing of it."""
    name = f"localhost/stillwatch-base:{arch}"
    if not engine.has(name):
        changes = ("--change", "ENV LANG=C.UTF-8", "--change", 'CMD ["python3"]')
        tar = base_tar(arch, folder)
        engine.podman("import", "--os", "linux", "--arch", arch, *changes, str(tar), name)
    return name


def base_tar(arch: Arch, folder: Path) -> Path:
    """The base as a tar file in `folder`; arm64 takes minutes where it is emulated."""
    tar = folder / f"base-{arch}.tar"
    if tar.exists():
        return tar
    folder.mkdir(parents=True, exist_ok=True)
    print(f"making the {arch} base from Debian {SUITE}", file=sys.stderr)
    begun = folder / f"base-{arch}.begun.tar"
    command = ["nice", "-n", "5", "mmdebstrap", "--quiet", f"--arch={arch}", "--variant=minbase"]
    subprocess.run(
        [*command, f"--include={PACKAGES}", *OPTIONS, SUITE, str(begun)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return begun.rename(tar)
