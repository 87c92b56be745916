"""Silences: what was told is not told again soon, what was refuted is, and growth is news."""

from __future__ import annotations

import pytest

from edge.config.schema import Rule
from edge.rules.cooldown import Sight, after, check, heard
from edge.track.track import Told

PERSON = Rule(id="person", labels=("person",))
SEEN = Sight(score=0.55, height=100.0)


def silent(told: tuple[Told, ...], now: float, sight: Sight = SEEN) -> bool:
    return not all(one.passed for one in check(told, PERSON, 2, sight, now))


def test_what_was_told_is_silent_for_the_cooldown_then_for_twice_as_long() -> None:
    once = after((), PERSON, 2, SEEN, 0.0)
    assert silent(once, 9.9)
    assert not silent(once, 10.0)
    twice = after(once, PERSON, 2, SEEN, 10.0)
    assert silent(twice, 29.9)


def test_no_refuted_report_keeps_silence_longer_than_a_second_at_first() -> None:
    refuted = heard(after((), PERSON, 2, SEEN, 0.0), refuted=True)
    assert silent(refuted, 0.9)
    assert not silent(refuted, 1.0)


def test_refutations_in_a_row_double_the_silence_up_to_the_cooldown() -> None:
    told: tuple[Told, ...] = ()
    waits = []
    now = 0.0
    for _ in range(6):
        told = heard(after(told, PERSON, 2, SEEN, now), refuted=True)
        wait_s = told[0].silence_s
        waits.append(wait_s)
        now += wait_s
    assert waits == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_confirmation_ends_the_row() -> None:
    told = heard(after((), PERSON, 2, SEEN, 0.0), refuted=True)
    told = heard(after(told, PERSON, 2, SEEN, 1.0), refuted=False)
    assert told[0].refuted == 0
    assert silent(told, 10.9)


def test_of_what_was_confirmed_a_larger_sight_is_no_news() -> None:
    told = heard(after((), PERSON, 2, SEEN, 0.0), refuted=False)
    assert silent(told, 0.5, Sight(0.55, 300.0))


@pytest.mark.parametrize(("height", "news"), [(149.0, False), (150.0, True)])
def test_what_has_become_half_as_tall_again_is_news(height: float, *, news: bool) -> None:
    told = after((), PERSON, 2, SEEN, 0.0)
    assert silent(told, 0.5, Sight(0.55, height)) is not news
