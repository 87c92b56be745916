"""What is fuzzed: how an input is made, what is done with it, and its share of all inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tools.fuzz import pictures, readers, states


@dataclass(frozen=True, slots=True)
class Target:
    """`run` raises only what is a finding; `share` is in parts of the sum of all."""

    name: str
    make: Callable[[Random], bytes]
    run: Callable[[bytes], str]
    share: float


TARGETS = (
    Target("jpeg", pictures.jpeg, pictures.look, 40),
    Target("png", pictures.png, pictures.look, 28),
    Target("large", pictures.large, pictures.look, 0.15),
    Target("payload", pictures.payload, pictures.look, 9),
    Target("parts", pictures.parts, pictures.assemble, 5),
    Target("message", readers.message, readers.hear, 10),
    Target("switch", readers.switch, readers.turn, 2),
    Target("switches-file", readers.switches_file, readers.reopen_switches, 1.5),
    Target("config", readers.config, readers.configure, 1),
    Target("environment", readers.environment, readers.configure_by_environment, 1),
    Target("manifest", readers.manifest, readers.open_manifest, 1.5),
    Target("cloud-file", readers.cloud_file, readers.configure_cloud, 0.5),
    Target("outbox-rows", states.outbox_rows, states.use_outbox_rows, 0.3),
    Target("outbox-bytes", states.outbox_bytes, states.use_outbox_bytes, 0.1),
    Target("static-rows", states.static_rows, states.use_static_rows, 0.3),
    Target("static-bytes", states.static_bytes, states.use_static_bytes, 0.1),
)


def named(name: str) -> Target:
    """Raises `KeyError` for a name that there is none of."""
    return {target.name: target for target in TARGETS}[name]
