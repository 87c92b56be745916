"""A network of its own for the gateway, joined to ours by a cable that can swallow packets.

Needs root, iproute2 and nftables; skips where they, or the kernel's parts, are not there. The rules
lie in the namespace made here and go with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """`inside` runs a command there; the gateway's address is `guest`, ours `host`."""

    name: str
    host: str
    guest: str

    @property
    def inside(self) -> list[str]:
        return ["ip", "netns", "exec", self.name]

    def swallow(self, *ports: int) -> None:
        """From now on no packet to or from these ports of ours arrives, and nobody says so."""
        many = ", ".join(map(str, ports))
        rules = f"""
            table inet hole {{
              chain out {{ type filter hook output priority 0;
                ip daddr {self.host} tcp dport {{ {many} }} drop; }}
              chain in {{ type filter hook input priority 0;
                ip saddr {self.host} tcp sport {{ {many} }} drop; }}
            }}"""
        _run(*self.inside, "nft", "-f", "-", stdin=rules)

    def heal(self) -> None:
        _run(*self.inside, "nft", "delete", "table", "inet", "hole")

    def slow(self, rate: str) -> None:
        """What the gateway sends leaves at this rate, e.g. `64kbit`."""
        shape = ["tbf", "rate", rate, "burst", "4kb", "latency", "2s"]
        _run(*self.inside, "tc", "qdisc", "replace", "dev", f"{self.name}g", "root", *shape)

    def quick(self) -> None:
        _run(*self.inside, "tc", "qdisc", "del", "dev", f"{self.name}g", "root")


@contextmanager
def namespace() -> Iterator[Namespace]:
    """One with a cable to ours, removed at the end of the block."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("nft", path=_PATH):
        pytest.skip("needs root, iproute2 and nftables")
    number = os.getpid() % 16_384
    net = f"10.203.{number // 64}.{number % 64 * 4}"
    stem = net.rpartition(".")[0]
    last = number % 64 * 4
    made = Namespace(name=f"sw{number}", host=f"{stem}.{last + 1}", guest=f"{stem}.{last + 2}")
    try:
        _make(made)
    except subprocess.CalledProcessError as error:
        _unmake(made)
        pytest.skip(f"no network namespace can be made here: {error.stderr.strip()}")
    try:
        yield made
    finally:
        _unmake(made)


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _make(made: Namespace) -> None:
    name, ours, theirs = made.name, f"{made.name}h", f"{made.name}g"
    _run("ip", "netns", "add", name)
    _run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
    _run("ip", "address", "add", f"{made.host}/30", "dev", ours)
    _run("ip", "link", "set", ours, "up")
    _run(*made.inside, "ip", "address", "add", f"{made.guest}/30", "dev", theirs)
    _run(*made.inside, "ip", "link", "set", theirs, "up")
    _run(*made.inside, "ip", "link", "set", "lo", "up")
    made.swallow(9)
    made.heal()


def _unmake(made: Namespace) -> None:
    subprocess.run(["ip", "link", "del", f"{made.name}h"], check=False, capture_output=True)
    subprocess.run(["ip", "netns", "del", made.name], check=False, capture_output=True)


def _run(*command: str, stdin: str | None = None) -> None:
    subprocess.run(
        command, input=stdin, check=True, capture_output=True, text=True,
        env={**os.environ, "PATH": _PATH},
    )  # fmt: skip
