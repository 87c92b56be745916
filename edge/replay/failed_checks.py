"""What held an object back over many frames: each check of a rule, how often, and how near it came.

PURE. Made of the rule results themselves, so it can say nothing else than what was decided. Called
for the tracks of a replay that were never reported, and by the evaluation for the events it missed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.records import Check, RuleResult
from edge.rules import checks


@dataclass(slots=True)
class FailedCheck:
    """One check of one rule that failed `frames` times, `alone` of them as the only one;
    `nearest` is the time when it came nearest to its limit."""

    rule: str
    nearest: Check
    frames: int = 0
    alone: int = 0


@dataclass(slots=True)
class FailedChecks:
    """Of the rule results counted, how many fired and what held the others back. A rule that is not
    about such an object at all does not count."""

    evaluated: int = 0
    fired: int = 0
    _by_check: dict[tuple[str, str], FailedCheck] = field(default_factory=dict)

    def count(self, rule_result: RuleResult) -> None:
        failed = [check for check in rule_result.checks if not check.passed]
        if any(check.name == "labels" for check in failed):
            return
        self.evaluated += 1
        self.fired += rule_result.fired
        for check in failed:
            key = rule_result.rule, check.name
            hold = self._by_check.setdefault(key, FailedCheck(rule_result.rule, check))
            hold.frames += 1
            hold.alone += len(failed) == 1
            hold.nearest = min(hold.nearest, check, key=_away)

    @property
    def alone(self) -> int:
        """Rule results that failed by a single check: how near it came."""
        return sum(one.alone for one in self._by_check.values())

    def worst(self) -> tuple[FailedCheck, ...]:
        """What held back most comes first: alone, then at all."""
        return tuple(sorted(self._by_check.values(), key=lambda one: (-one.alone, -one.frames)))

    def words(self) -> tuple[str, ...]:
        """A line for each check, the most important first."""
        return tuple(
            f"rule {one.rule}, {one.nearest.name}: held back in {one.frames} of {self.evaluated} "
            f"rule results, in {one.alone} alone; nearest: {checks.words(one.nearest)}"
            for one in self.worst()
        )


def _away(check: Check) -> float:
    """How far the value is from the limit, in limits; names are never nearer than one another."""
    if isinstance(check.value, tuple) or isinstance(check.limit, tuple):
        return 0.0
    return abs(check.value - check.limit) / max(abs(check.limit), 1e-6)
