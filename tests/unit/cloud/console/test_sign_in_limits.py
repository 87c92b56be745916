"""After some failures others wait, and memory has a bound."""

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
