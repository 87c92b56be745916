"""Tries to come back are spread, and a client in our place is told from an outage."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from service.reconnect import BRIEF_IN_A_ROW, STEADY_S, TAKEN_OVER, Reconnects


def tries(seed: int = 1, cap_s: float = 30.0) -> Reconnects:
    return Reconnects(cap_s, random.Random(seed))


@pytest.mark.parametrize("failed", range(5))
def test_clients_that_lost_a_broker_together_do_not_try_again_together(failed: int) -> None:
    waits = []
    for seed in range(1000):
        client = tries(seed)
        client.connected(0.0)
        client.lost(100.0, None)
        for _ in range(failed):
            client.failed()
        waits.append(client.wait_s(100.0))
    longest_s = min(30.0, 2.0**failed)
    tenths = Counter(int(10 * wait_s / longest_s) for wait_s in waits)
    assert set(tenths) == set(range(10))
    assert max(tenths.values()) < 200  # of 1000, where an even spread has 100 each


def test_a_connection_ends_the_growth_of_the_waits() -> None:
    client = tries()
    for _ in range(20):
        client.failed()
    client.connected(0.0)
    client.lost(STEADY_S, None)
    assert client.wait_s(STEADY_S) <= 1.0


def test_who_took_our_place_is_known_by_the_brokers_word_until_we_stay() -> None:
    client = tries()
    client.connected(0.0)
    client.lost(100.0, TAKEN_OVER)
    assert client.in_conflict(100.0)
    client.connected(101.0)
    assert client.in_conflict(101.0)
    assert not client.in_conflict(101.0 + STEADY_S)
    client.lost(102.0 + STEADY_S, None)
    assert not client.in_conflict(103.0 + STEADY_S)


def flap(client: Reconnects, times: int, outage: bool) -> None:
    for n in range(times):
        client.connected(float(n))
        client.lost(n + 0.5, None)
        if outage:
            client.failed()


def test_brief_connections_without_an_outage_between_them_are_a_conflict() -> None:
    client = tries()
    flap(client, BRIEF_IN_A_ROW - 1, outage=False)
    assert not client.in_conflict(9.0)
    client.connected(9.0)
    client.lost(9.1, None)
    assert client.in_conflict(9.1)


def test_a_broker_that_is_killed_again_and_again_is_no_conflict_and_is_found_fast() -> None:
    client = tries()
    flap(client, 100, outage=True)
    assert not client.in_conflict(101.0)
    client.connected(101.0)
    client.lost(102.0, None)
    assert client.wait_s(102.0) <= 1.0


def test_two_that_take_each_others_place_wait_longer_and_longer() -> None:
    longest = []
    for times in (3, 4, 5, 6):
        waits = []
        for seed in range(300):
            client = tries(seed)
            flap(client, times, outage=False)
            waits.append(client.wait_s(float(times)))
        longest.append(max(waits))
    assert longest == sorted(longest)
    assert longest[-1] > 3 * longest[0]
    flap(client, 100, outage=False)
    assert client.wait_s(101.0) <= 30.0
