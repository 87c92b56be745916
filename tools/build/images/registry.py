"""Images in a registry: a list of both architectures pushed, looked at, and a registry of our own.

SHELL. The registry is Debian's `docker-registry` on a loopback port; any other takes the same push.
"""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.build.images.engine import Engine

CONFIG = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
TYPES = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
    )
)


@contextmanager
def registry(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A registry process over `folder`, which may take a moment until it accepts."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yml"
    config.write_text(CONFIG.format(folder=folder / "store", port=port))
    command = ["docker-registry", "serve", str(config)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10.0)


def push(engine: Engine, tags: Sequence[str], address: str) -> str:
    """Push one list of `tags` (one per architecture) to `HOST[:PORT]/NAME:TAG`; its digest."""
    together = f"localhost/pushed/{address.rpartition('/')[2]}"
    engine.attempt("manifest", "rm", together)
    engine.podman("manifest", "create", together)
    digest = engine.folder / "digest"
    options = ["--all", "--digestfile", str(digest), f"--tls-verify={not is_local(address)}"]
    try:
        for tag in tags:
            engine.podman("manifest", "add", together, f"containers-storage:{tag}")
        engine.podman("manifest", "push", *options, together, f"docker://{address}", timeout_s=1200)
    finally:  # a list whose images are replaced later makes the engine stumble
        engine.attempt("manifest", "rm", together)
    return digest.read_text().strip()


def is_local(address: str) -> bool:
    """Whether plain HTTP will do."""
    return address.startswith(("127.0.0.1:", "localhost:"))


def compressed_bytes(host: str, name: str, digest: str) -> dict[str, int]:
    """What a device fetches, by architecture, as the registry's list says."""
    listed = _manifest(host, name, digest)
    sizes = {}
    for entry in listed["manifests"]:
        layers = _manifest(host, name, entry["digest"])["layers"]
        sizes[str(entry["platform"]["architecture"])] = sum(layer["size"] for layer in layers)
    return sizes


def _manifest(host: str, name: str, digest: str) -> dict[str, Any]:
    url = f"http://{host}/v2/{name}/manifests/{digest}"
    request = urllib.request.Request(url, headers={"Accept": TYPES})
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310, http by construction
        found: dict[str, Any] = json.load(answer)
        return found
