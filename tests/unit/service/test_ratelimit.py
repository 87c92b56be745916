"""The rate limit: bursts, intervals, and a bound on what it remembers."""

from hypothesis import given
from hypothesis import strategies as st

from service.ratelimit import RateLimit


@given(st.lists(st.floats(0, 50), max_size=60))
def test_nothing_is_lost_what_is_not_said_is_counted(gaps: list[float]) -> None:
    limit = RateLimit(burst=3, interval_s=60)
    now = said = told = 0.0
    for gap in gaps:
        now += gap
        unsaid = limit.admit("x", now)
        if unsaid is not None:
            said += 1
            told += unsaid
    told += sum(count for _, count in limit.expired(now + 61))
    assert said + told == len(gaps)


def test_keys_do_not_disturb_each_other() -> None:
    limit = RateLimit(burst=1, interval_s=60)
    assert limit.admit("a", 0) == 0
    assert limit.admit("a", 1) is None
    assert limit.admit("b", 1) == 0


def test_the_oldest_key_is_forgotten_when_there_are_too_many() -> None:
    limit = RateLimit(burst=1, interval_s=60, max_keys=2)
    assert [limit.admit(key, 0) for key in "abc"] == [0, 0, 0]
    assert limit.admit("c", 1) is None
    assert limit.admit("a", 1) == 0
