"""After some failures others wait, and memory has a bound."""

import pytest

from cloud.console.sign_in_attempts import (
    FAILURES_PER_ADDRESS,
    FAILURES_PER_NAME,
    SignInAttempts,
    place_of,
)
from cloud.console.sign_in_limits import MAX_KEYS, SignInLimits


def test_after_the_last_failure_that_is_allowed_one_waits_until_the_window_is_over() -> None:
    limits = SignInLimits(failures=3, window_s=60)
    for second in range(3):
        assert limits.wait_s("ann", second) == 0
        limits.failed("ann", second)
    assert limits.wait_s("ann", 10) == 50
    assert limits.wait_s("ben", 10) == 0
    assert limits.wait_s("ann", 60) == 0


def test_who_succeeds_begins_anew() -> None:
    limits = SignInLimits(failures=2, window_s=60)
    limits.failed("ann", 0)
    limits.succeeded("ann")
    limits.failed("ann", 1)
    assert limits.wait_s("ann", 2) == 0


def test_a_flood_of_names_takes_no_more_memory_and_lets_the_oldest_go() -> None:
    limits = SignInLimits(failures=1, window_s=60)
    for number in range(MAX_KEYS + 5):
        limits.failed(f"name {number}", 0)
    assert len(limits) == MAX_KEYS
    assert limits.wait_s("name 0", 1) == 0
    assert limits.wait_s(f"name {MAX_KEYS}", 1) == 59


def test_attempts_that_run_at_the_same_time_are_counted_before_they_end() -> None:
    attempts = SignInAttempts()
    waits = [attempts.begin("ann", "192.0.2.1", 0) for _ in range(FAILURES_PER_NAME + 1)]
    assert waits[:-1] == [0] * FAILURES_PER_NAME
    assert waits[-1] > 0


def test_what_succeeded_or_was_not_tried_counts_for_nobody() -> None:
    attempts = SignInAttempts()
    for number in range(3 * FAILURES_PER_ADDRESS):
        assert attempts.begin("ann", "192.0.2.1", 0) == 0
        ended = attempts.succeeded if number % 2 else attempts.not_tried
        ended("ann", "192.0.2.1")


def test_a_visitor_with_a_network_of_addresses_has_no_more_attempts() -> None:
    attempts = SignInAttempts()
    found = [attempts.begin(f"{n}", f"2001:db8::{n:x}", 0) for n in range(FAILURES_PER_ADDRESS + 1)]
    assert found[:-1] == [0] * FAILURES_PER_ADDRESS
    assert found[-1] > 0
    assert attempts.begin("ann", "2001:db8:0:1::1", 0) == 0


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_places_of_visitors(address: str, place: str) -> None:
    assert place_of(address) == place
