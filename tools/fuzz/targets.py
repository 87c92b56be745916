"""What is fuzzed: how an input is made, what is done with it, and its share of all inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tools.fuzz import pictures, readers, sequences, states

_AT_START_S = 3.0


@dataclass(frozen=True, slots=True)
class Target:
    """`run` raises only what is a finding; `share` is in parts of the sum of all. `cpu_s` is what
    one input may take: a sequence is up to eight pictures, and what is read once, at a start, has
    longer (a damaged outbox is searched row by row)."""

    name: str
    make: Callable[[Random], bytes]
    run: Callable[[bytes], str]
    share: float
    cpu_s: float = 0.2


TARGETS = (
    Target("jpeg", pictures.jpeg, pictures.look, 40),
    Target("png", pictures.png, pictures.look, 28),
    Target("large", pictures.large, pictures.look, 0.15),
    Target("sequence", sequences.sequence, sequences.play, 0.5, 8 * 0.2),
    Target("payload", pictures.payload, pictures.look, 9),
    Target("parts", pictures.parts, pictures.assemble, 5),
    Target("message", readers.message, readers.hear, 10),
    Target("switch", readers.switch, readers.turn, 2),
    Target("switches-file", readers.switches_file, readers.reopen_switches, 1.5),
    Target("config", readers.config, readers.configure, 1, _AT_START_S),
    Target("environment", readers.environment, readers.configure_by_environment, 1, _AT_START_S),
    Target("manifest", readers.manifest, readers.open_manifest, 1.5),
    Target("cloud-file", readers.cloud_file, readers.configure_cloud, 0.5, _AT_START_S),
    Target("outbox-rows", states.outbox_rows, states.use_outbox_rows, 0.3, _AT_START_S),
    Target("outbox-bytes", states.outbox_bytes, states.use_outbox_bytes, 0.1, _AT_START_S),
    Target("static-rows", states.static_rows, states.use_static_rows, 0.3, _AT_START_S),
    Target("static-bytes", states.static_bytes, states.use_static_bytes, 0.1, _AT_START_S),
)


def named(name: str) -> Target:
    """Raises `KeyError` for a name that there is none of."""
    return {target.name: target for target in TARGETS}[name]
