"""A container engine that keeps to one folder: podman with storage, state and settings of its own.

SHELL. Two engines in two folders know nothing of each other's images. The settings are those that
let podman run as root also where no systemd is, where limits may not be raised, and where the
version 2 control groups are only half there.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

STORAGE = """\
[storage]
driver = "overlay"
runroot = "{folder}/run"
graphroot = "{folder}/graph"
"""
CONTAINERS = """\
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "{folder}/tmp"
static_dir = "{folder}/graph/libpod"
volume_path = "{folder}/graph/volumes"
[engine.runtimes]
runc = ["/usr/sbin/runc", "/usr/bin/runc"]
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
"""
SCRIPT = """\
#!/bin/sh
# podman over this folder's images
{exports}
exec podman "$@"
"""


class EngineError(Exception):
    """The engine refused; the text has its command and its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """podman over the images and containers of `folder`."""

    folder: Path

    def podman(self, *arguments: str, timeout_s: float = 600.0) -> str:
        """What it prints; raises `EngineError`."""
        done = self.attempt(*arguments, timeout_s=timeout_s)
        if done.returncode != 0:
            raise EngineError(
                f"podman {shlex.join(arguments)} ended with {done.returncode}:\n"
                f"{(done.stdout + done.stderr)[-3000:]}"
            )
        return done.stdout

    def attempt(
        self, *arguments: str, timeout_s: float = 600.0
    ) -> subprocess.CompletedProcess[str]:
        """The same, whatever its exit status."""
        return subprocess.run(
            ["podman", *arguments],
            env=os.environ | self.environ(),
            text=True,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def has(self, image: str) -> bool:
        return self.attempt("image", "exists", image).returncode == 0

    def environ(self) -> dict[str, str]:
        """What points podman at the folder. The Docker format is the one that knows HEALTHCHECK."""
        return {
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "BUILDAH_FORMAT": "docker",
            "DISABLE_HC_SYSTEMD": "true",
        }

    def stop_all(self) -> None:
        """No container is left, running or not; images and volumes stay."""
        self.attempt("rm", "--all", "--force", "--time", "2", timeout_s=120.0)
        self.attempt("unmount", "--all")

    def remove_all(self) -> None:
        """Nothing is left of containers, volumes and images."""
        self.stop_all()
        self.attempt("volume", "prune", "--force")
        self.attempt("rmi", "--all", "--force")


def open_engine(folder: Path) -> Engine:
    """The engine of `folder`, with its settings written; `folder/podman` is for use by hand."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
    (folder / "containers.conf").write_text(CONTAINERS.format(folder=folder))
    engine = Engine(folder=folder)
    exports = "\n".join(
        f"export {name}={shlex.quote(value)}" for name, value in engine.environ().items()
    )
    script = folder / "podman"
    script.write_text(SCRIPT.format(exports=exports))
    script.chmod(0o755)
    return engine
