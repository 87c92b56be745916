"""Errors, grouped by what the caller does about them.

Expected outcomes are values (`Rejected`, `Quiet`), not exceptions. `ConfigError` and `ModelError`:
somebody has to change a file (exit 78). `InferenceError`: count it, several in a row stop the
daemon.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """One thing wrong in a configuration: where, what, and what to do about it."""

    path: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.path}: {self.problem}{hint}"


class StillwatchError(Exception):
    """Base of the daemon's own errors."""


class ConfigError(StillwatchError):
    """The configuration cannot be used; carries every problem at once."""

    def __init__(self, problems: tuple[ConfigProblem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class InferenceError(StillwatchError):
    """The interpreter failed on a frame."""


class OutboxError(StillwatchError):
    """The outbox cannot keep an entry."""


class OutboxFull(OutboxError):
    """No room, even after evicting what the policy allows."""


class OutboxInUse(OutboxError):
    """Another process has it open; a configuration that two daemons share must be corrected."""


class OutboxCorrupt(OutboxError):
    """The database is damaged or of a newer program: to be salvaged, set aside and begun anew."""
