"""Who tries passwords waits, and of many only some."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from cloud.console.passwords import WAITING, TooManyPasswords, hash_of, is_password

MANY = 4 * WAITING


def test_of_many_at_once_only_some_hold_a_thread_and_none_gets_in() -> None:
    stored, together = hash_of("a long walk by the sea"), threading.Barrier(MANY)

    def guess(number: int) -> str:
        together.wait(60)
        try:
            return str(is_password(stored, f"guess number {number}"))
        except TooManyPasswords:
            return "refused"

    with ThreadPoolExecutor(MANY) as pool:
        found = list(pool.map(guess, range(MANY)))
    assert set(found) == {"False", "refused"}
    assert found.count("False") >= WAITING
    assert is_password(stored, "a long walk by the sea")
