"""What building images needs of the machine: Debian packages, and another processor's programs.

SHELL. Packages stay; a registration for ARM programs is taken back by whoever made it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = (
    *("podman", "buildah", "skopeo", "runc", "netavark", "aardvark-dns", "catatonit"),
    *("mmdebstrap", "debootstrap", "arch-test", "qemu-user-static", "docker-registry"),
    *("iptables", "nftables"),
)
APT_INSTALL = Path(__file__).parents[2] / "apt_install"
BINFMT = Path("/proc/sys/fs/binfmt_misc")
ARM64 = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")


class Unfit(Exception):
    """Images cannot be built here; the text says what is missing."""


def install_packages() -> None:
    """Everything of `PACKAGES` is there; says what it installs, and what it waits for."""
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package}\n", *PACKAGES]
    listed = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    missing = sorted(
        set(PACKAGES) - {line[10:] for line in listed.splitlines() if line[:9] == "installed"}
    )
    if not missing:
        return
    if os.geteuid() != 0:
        raise Unfit(
            f"building from a bare base needs root and the packages {' '.join(missing)}; "
            "with an engine of your own: docker build -f Dockerfile.amd64 ."
        )
    print(f"installing {' '.join(missing)}", file=sys.stderr)
    if subprocess.run([APT_INSTALL, *missing], check=False).returncode != 0:
        raise Unfit(f"not installed, for the reason above: {' '.join(missing)}")


@contextmanager
def arm64_programs() -> Iterator[None]:
    """Programs for 64-bit ARM run, natively or emulated, until the end of the block."""
    if os.uname().machine == "aarch64":
        yield
        return
    mounted = not (BINFMT / "register").exists()
    if mounted:
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)], check=True)
    registered = not (BINFMT / "qemu-aarch64").exists()
    if registered:
        (BINFMT / "register").write_text(ARM64.read_text().strip())
    try:
        yield
    finally:
        if registered:
            (BINFMT / "qemu-aarch64").write_text("-1")
        if mounted:
            subprocess.run(["umount", str(BINFMT)], check=True)
