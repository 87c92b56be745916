"""What an update changes, as the updater sees it; the daemon has the one for the configuration.

PURE, though what it promises is not.
"""

from __future__ import annotations

from typing import Protocol


class ProposedChange(Protocol):
    """Something valid that is not in force yet; the steps in order. Until `swap` everything is as
    it was."""

    def plan(self) -> None:
        """Whether it can be applied without a restart; raises `ConfigError`."""

    def build(self) -> None:
        """Makes what it needs beside what runs; raises `ConfigError` or `ModelError`."""

    def swap(self) -> None:
        """Puts it in force."""


class UpdateTarget(Protocol):
    """What orders change."""

    def propose(self, content: str) -> ProposedChange:
        """What would be in force with this update, without any if empty; raises `ConfigError`."""

    def last_good(self) -> ProposedChange:
        """What was in force for good last; raises `ConfigError`."""

    def keep(self) -> None:
        """What is in force now is good."""
