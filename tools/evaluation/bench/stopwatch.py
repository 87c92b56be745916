"""Two clocks around a call: the wall's, and the processor time that this process really got.

The machine may be shared. Figures that are compared are therefore taken in turns, and compared pair
by pair; the processor time tells whether somebody else was running meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of a call."""

    wall_s: float
    cpu_s: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)

    def times(self, count: int) -> Spent:
        """`count` such calls."""
        return Spent(count * self.wall_s, count * self.cpu_s)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.wall_s - other.wall_s, self.cpu_s - other.cpu_s)


def timed(call: Callable[[], T]) -> tuple[T, Spent]:
    """What `call` gives and what it took."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    result = call()
    return result, Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def rounds(seconds: float, least: int) -> Iterator[int]:
    """Numbers the rounds until `seconds` are over, but at least `least` of them."""
    end_s = time.perf_counter() + seconds
    number = 0
    while number < least or time.perf_counter() < end_s:
        yield number
        number += 1


def median_ms(spent: list[Spent]) -> float:
    """Of the wall clock."""
    return 1e3 * median(one.wall_s for one in spent)


def median_cpu_ms(spent: list[Spent]) -> float:
    """Of processor time, all threads together."""
    return 1e3 * median(one.cpu_s for one in spent)
