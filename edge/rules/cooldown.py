"""How long is nothing more said about a track?

PURE. What has been told is not told again for `cooldown_s`, then twice as long each time. What the
cloud refuted was not told to anybody: it is asked again after `RETRY_S`, then twice as long each
time. What is news all the same: a higher severity than what was told, and the crossing of a line,
which a rule about lines tells though another rule has spoken, and, where what was told of was seen
badly or small, a clearly better or larger sight of it: whoever has to confirm it could not tell by
the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from edge.config.schema import Rule
from edge.records import Check
from edge.rules import checks
from edge.track.track import Told

_LONGEST_S = 300.0
"""Whoever stays is told again this often at least."""


RETRY_S = 1.0
"""A second walks a person 1.4 m and turns what was half hidden; the same frames would get the same
answer."""

_LARGER = 1.5
"""As many times as tall as when it was told of: half as much again on the network's input lifts
recall by about half where things are small."""

_GOOD_SIGHT = 0.5
"""A score from which a sight leaves little open; half of what a network is sure of."""

_BETTER_BY = 0.1
"""Scores of successive frames differ by about this much for no reason; more is a better sight."""


class Sight(NamedTuple):
    """How well a thing was seen: score, and height in pixels."""

    score: float
    height: float


def check(
    told: tuple[Told, ...], rule: Rule, severity: int, sight: Sight, now: float
) -> Iterator[Check]:
    """Whether the longest silence that concerns the rule is over; nothing where there is none."""
    concerning = [
        one
        for one in told
        if one.severity >= severity
        and (one.rule == rule.id or not rule.lines)
        and not better(sight.score, one.score)
        and (one.sure or not larger(sight.height, one.height))
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


def larger(height: float, told: float) -> bool:
    """Is a thing of `height` pixels clearly larger than when it was told of?"""
    return height >= _LARGER * told


def heard(told: tuple[Told, ...], *, refuted: bool) -> tuple[Told, ...]:
    """The silences after the cloud has answered: what it refuted is soon asked again, and what is
    asked again and refuted again later and later."""
    return tuple(_heard(one, refuted=refuted) for one in told)


def _heard(told: Told, *, refuted: bool) -> Told:
    if not refuted:
        return replace(told, refuted=0, sure=True)
    again_s = min(RETRY_S * 2.0**told.refuted, told.silence_s)
    times = max(0, told.times - 1)  # nobody was told
    return replace(told, silence_s=again_s, times=times, refuted=told.refuted + 1)


def after(
    told: tuple[Told, ...], rule: Rule, severity: int, sight: Sight, now: float
) -> tuple[Told, ...]:
    """The silences after `rule` has spoken at `now` by a sight."""
    before = next((one for one in told if one.rule == rule.id), None)
    times = 0 if before is None else before.times
    silence_s = min(rule.cooldown_s * 2**times, _LONGEST_S)
    spoke = Told(
        rule=rule.id,
        severity=max(severity, 0 if before is None else before.severity),
        score=max(sight.score, 0.0 if before is None else before.score),
        times=times + 1,
        at_s=now,
        silence_s=silence_s,
        height=max(sight.height, 0.0 if before is None else before.height),
        refuted=0 if before is None else before.refuted,
        sure=before is not None and before.sure,
    )
    return (*(one for one in told if one.rule != rule.id), spoke)
