"""What an update changes, as the updater sees it.

SHELL only in what it promises: `edge.daemon.config_target` has the one for the configuration,
`edge.daemon.model_target` that for the model.
"""

from __future__ import annotations

from typing import Protocol

from contract.shadow import ShadowResult
from edge.update.store import KeptUpdate


class ProposedChange(Protocol):
    """Something valid that is not in force yet; the steps in order. Until `swap` everything is as
    it was."""

    def plan(self) -> None:
        """Whether it can be applied without a restart; raises `ConfigError`."""

    def shadow(self) -> ShadowResult | None:
        """What recent frames say of it; None while they are judged: ask again."""

    def build(self) -> None:
        """Makes what it needs beside what runs; raises `ConfigError` or `ModelError`."""

    def swap(self) -> None:
        """Puts it in force."""


class UpdateTarget(Protocol):
    """What orders change."""

    def ready(self, update: KeptUpdate) -> bool:
        """Whether it can be proposed now; asked on each turn until it can."""

    def propose(self, update: KeptUpdate | None) -> ProposedChange:
        """What would be in force with this update, or without any of its kind; raises
        `ConfigError`, or `ModelError` for a model that is not what was signed."""

    def last_good(self) -> ProposedChange:
        """What was in force for good last; raises `ConfigError`."""

    def keep(self) -> None:
        """What is in force now is good."""
