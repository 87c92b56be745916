"""The cooldown: for how long is a track not reported again?

PURE. A track that was reported is not reported again for `cooldown_s`, then twice as long each
time. What the cloud refuted has notified nobody: the cloud is asked again after `RETRY_S`, then
twice as long each time. What is new all the same: a higher severity than reported, the crossing of
a line, which a rule about lines reports though another rule has fired, and, where the track was
seen badly or small in the report, a clearly better or larger observation: whoever had to confirm it
could not tell by the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from edge.config.schema import RuleConfig
from edge.records import Check
from edge.rules import checks
from edge.track.track import Cooldown
from service.backoff import doubled_s

_LONGEST_S = 300.0
"""Whoever stays is reported again this often at least."""


RETRY_S = 1.0
"""A second walks a person 1.4 m and turns what was half hidden; the same frames would get the same
answer."""

_LARGER = 1.5
"""As many times as tall as when it was reported: half as much again on the network's input lifts
recall by about half where things are small."""

_GOOD_SCORE = 0.5
"""A score from which an observation leaves little open; half of what a network is sure of."""

_BETTER_BY = 0.1
"""Scores of successive frames differ by about this much for no reason; more is a better
observation."""


class Visibility(NamedTuple):
    """How well an object was seen: score, and height in pixels."""

    score: float
    height: float


def check(
    cooldowns: tuple[Cooldown, ...], rule: RuleConfig, severity: int, seen: Visibility, now: float
) -> Iterator[Check]:
    """Whether the longest cooldown that concerns the rule is over; nothing where there is none."""
    concerning = [
        one
        for one in cooldowns
        if one.severity >= severity
        and (one.rule == rule.id or not rule.lines)
        and not better(seen.score, one.score)
        and (one.sure or not larger(seen.height, one.height))
    ]
    if concerning:
        longest = max(concerning, key=lambda one: one.at_s + one.duration_s)
        since_s = round(now - longest.at_s, 6)  # 2.8 s less 0.8 s are 2 s
        what = f"seconds since {longest.rule} reported it"
        yield checks.at_least("cooldown_s", what, since_s, longest.duration_s)


def last_report_at_s(cooldowns: tuple[Cooldown, ...], rule: RuleConfig) -> float:
    """When the rule fired last: what happened until then has been reported."""
    return max((one.at_s for one in cooldowns if one.rule == rule.id), default=float("-inf"))


def better(score: float, reported: float) -> bool:
    """Is an observation of `score` clearly better than the bad one that was `reported`?"""
    return reported < _GOOD_SCORE and score >= reported + _BETTER_BY


def larger(height: float, reported: float) -> bool:
    """Is an object of `height` pixels clearly larger than when it was `reported`?"""
    return height >= _LARGER * reported


def after_verdict(cooldowns: tuple[Cooldown, ...], *, refuted: bool) -> tuple[Cooldown, ...]:
    """The cooldowns after the cloud has decided: what it refuted is soon asked again, and what is
    asked again and refuted again later and later."""
    return tuple(_after_verdict(one, refuted=refuted) for one in cooldowns)


def _after_verdict(cooldown: Cooldown, *, refuted: bool) -> Cooldown:
    if not refuted:
        return replace(cooldown, refuted=0, sure=True)
    again_s = doubled_s(RETRY_S, cooldown.refuted, cooldown.duration_s)
    times = max(0, cooldown.times - 1)  # nobody was notified
    return replace(cooldown, duration_s=again_s, times=times, refuted=cooldown.refuted + 1)


def after_report(
    cooldowns: tuple[Cooldown, ...], rule: RuleConfig, severity: int, seen: Visibility, now: float
) -> tuple[Cooldown, ...]:
    """The cooldowns after `rule` has fired at `now` by an observation."""
    before = next((one for one in cooldowns if one.rule == rule.id), None)
    times = 0 if before is None else before.times
    duration_s = doubled_s(rule.cooldown_s, times, _LONGEST_S)
    begun = Cooldown(
        rule=rule.id,
        severity=max(severity, 0 if before is None else before.severity),
        score=max(seen.score, 0.0 if before is None else before.score),
        times=times + 1,
        at_s=now,
        duration_s=duration_s,
        height=max(seen.height, 0.0 if before is None else before.height),
        refuted=0 if before is None else before.refuted,
        sure=before is not None and before.sure,
    )
    return (*(one for one in cooldowns if one.rule != rule.id), begun)
