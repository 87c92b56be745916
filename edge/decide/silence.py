"""How long is nothing more said about a track?

PURE. What has been told is not told again for `cooldown_s`, then twice as long each time. What is
news all the same: a higher severity than what was told, and the crossing of a line, which a rule
about lines tells though another rule has spoken, and, where what was told of was seen badly, a
clearly better sight of it: whoever has to confirm it could not tell by the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.config.schema import Rule
from edge.decide import checks
from edge.records import Check

_LONGEST_S = 300.0
"""Whoever stays is told again this often at least."""


_GOOD_SIGHT = 0.5
"""A score from which a sight leaves little open; half of what a network is sure of."""

_BETTER_BY = 0.1
"""Scores of successive frames differ by about this much for no reason; more is a better sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """That a rule spoke of a track: how often, at which highest severity, by which best score, when
    last (monotonic seconds), and how long there is silence from then."""

    rule: str
    severity: int
    score: float
    times: int
    at_s: float
    silence_s: float


def check(
    told: tuple[Told, ...], rule: Rule, severity: int, score: float, now: float
) -> Iterator[Check]:
    """Whether the longest silence that concerns the rule is over; nothing where there is none.
    `score` is the newest sight's."""
    concerning = [
        one
        for one in told
        if one.severity >= severity
        and (one.rule == rule.id or not rule.lines)
        and not better(score, one.score)
    ]
    if concerning:
        longest = max(concerning, key=lambda one: one.at_s + one.silence_s)
        since_s = round(now - longest.at_s, 6)  # 2.8 s less 0.8 s are 2 s
        what = f"seconds since {longest.rule} told of it"
        yield checks.at_least("cooldown_s", what, since_s, longest.silence_s)


def told_at_s(told: tuple[Told, ...], rule: Rule) -> float:
    """When the rule spoke last: what happened until then has been told."""
    return max((one.at_s for one in told if one.rule == rule.id), default=float("-inf"))


def better(score: float, told: float) -> bool:
    """Is a sight of `score` clearly better than the bad one that was `told` of?"""
    return told < _GOOD_SIGHT and score >= told + _BETTER_BY


def after(
    told: tuple[Told, ...], rule: Rule, severity: int, score: float, now: float
) -> tuple[Told, ...]:
    """The silences after `rule` has spoken at `now` by a sight of `score`."""
    before = next((one for one in told if one.rule == rule.id), None)
    times = 0 if before is None else before.times
    silence_s = min(rule.cooldown_s * 2**times, _LONGEST_S)
    spoke = Told(
        rule=rule.id,
        severity=max(severity, 0 if before is None else before.severity),
        score=max(score, 0.0 if before is None else before.score),
        times=times + 1,
        at_s=now,
        silence_s=silence_s,
    )
    return (*(one for one in told if one.rule != rule.id), spoke)
