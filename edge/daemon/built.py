"""A configuration with what it needs, ready to be swapped in.

Made by `gateway` beside what runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from contract.signature import Keyring
from edge.config.load import Loaded
from edge.detect.networks import NamedDetector


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """`keyring` has the cloud's keys, `networks` are one per analysis thread."""

    loaded: Loaded
    keyring: Keyring | None
    networks: tuple[NamedDetector, ...]
