"""Cooldowns: what was reported is not reported again soon, unless it was refuted or has grown."""

from __future__ import annotations

import pytest

from edge.config.schema import RuleConfig
from edge.rules.cooldown import Visibility, after_report, after_verdict, check
from edge.track.track import Cooldown

PERSON = RuleConfig(id="person", labels=("person",))
SEEN = Visibility(score=0.55, height=100.0)


def cooling_down(cooldowns: tuple[Cooldown, ...], now: float, seen: Visibility = SEEN) -> bool:
    return not all(one.passed for one in check(cooldowns, PERSON, 2, seen, now))


def test_a_reported_track_cools_down_for_the_cooldown_then_for_twice_as_long() -> None:
    once = after_report((), PERSON, 2, SEEN, 0.0)
    assert cooling_down(once, 9.9)
    assert not cooling_down(once, 10.0)
    twice = after_report(once, PERSON, 2, SEEN, 10.0)
    assert cooling_down(twice, 29.9)


def test_no_refuted_report_cools_down_longer_than_a_second_at_first() -> None:
    refuted = after_verdict(after_report((), PERSON, 2, SEEN, 0.0), refuted=True)
    assert cooling_down(refuted, 0.9)
    assert not cooling_down(refuted, 1.0)


def test_refutations_in_a_row_double_the_wait_up_to_the_cooldown() -> None:
    cooldowns: tuple[Cooldown, ...] = ()
    waits = []
    now = 0.0
    for _ in range(6):
        cooldowns = after_verdict(after_report(cooldowns, PERSON, 2, SEEN, now), refuted=True)
        wait_s = cooldowns[0].duration_s
        waits.append(wait_s)
        now += wait_s
    assert waits == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


@pytest.mark.parametrize("refuted", [False, True])
def test_what_stays_for_days_is_asked_about_again_and_again(refuted: bool) -> None:
    cooldowns: tuple[Cooldown, ...] = ()
    for number in range(1100):
        cooldowns = after_report(cooldowns, PERSON, 2, SEEN, 300.0 * number)
        if refuted:
            cooldowns = after_verdict(cooldowns, refuted=True)
    assert cooldowns[0].duration_s == (10.0 if refuted else 300.0)


def test_a_confirmation_ends_the_row() -> None:
    cooldowns = after_verdict(after_report((), PERSON, 2, SEEN, 0.0), refuted=True)
    cooldowns = after_verdict(after_report(cooldowns, PERSON, 2, SEEN, 1.0), refuted=False)
    assert cooldowns[0].refuted == 0
    assert cooling_down(cooldowns, 10.9)


def test_of_what_was_confirmed_a_larger_sight_is_no_news() -> None:
    cooldowns = after_verdict(after_report((), PERSON, 2, SEEN, 0.0), refuted=False)
    assert cooling_down(cooldowns, 0.5, Visibility(0.55, 300.0))


@pytest.mark.parametrize(("height", "news"), [(149.0, False), (150.0, True)])
def test_what_has_become_half_as_tall_again_is_news(height: float, *, news: bool) -> None:
    cooldowns = after_report((), PERSON, 2, SEEN, 0.0)
    assert cooling_down(cooldowns, 0.5, Visibility(0.55, height)) is not news
