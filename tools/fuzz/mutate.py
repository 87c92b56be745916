"""Damage that knows no structure: flips, cuts, copies and values that break arithmetic.

PURE. Everything random comes from the generator given. Used alone, and on the parts of structures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

EDGES = (0, 1, 2, 3, 7, 8, 15, 16, 127, 128, 255, 256, 32_767, 32_768, 65_535)
"""Numbers at which something often changes."""

_MOST_GROWTH = 4_096


def chosen(random: Random, choices: Sequence[Callable[[Random, T], T]], value: T, most: int) -> T:
    """`value` after one to `most` of the `choices`, few being likelier."""
    for _ in range(min(most, 1 + int(random.expovariate(0.7)))):
        value = random.choice(choices)(random, value)
    return value


def damaged(random: Random, data: bytes) -> bytes:
    """`data` with one to eight damages."""
    return chosen(random, _DAMAGES, data, 8)


def _flip(random: Random, data: bytes) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes((data[at] ^ (1 << random.randrange(8)),)) + data[at + 1 :]


def _put(random: Random, data: bytes) -> bytes:
    """Some bytes over others: a number at an edge, either byte order, or noise."""
    size = random.choice((1, 1, 2, 2, 4, 8))
    if random.random() < 0.7:
        value = random.choice(EDGES) if random.random() < 0.8 else -random.choice((1, 2, 255))
        new = (value % (1 << (8 * size))).to_bytes(size, random.choice(("big", "little")))
    else:
        new = random.randbytes(size)
    at = random.randrange(len(data) + 1)
    return data[:at] + new + data[at + size :]


def _cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _remove(random: Random, data: bytes) -> bytes:
    at, end = _span(random, data)
    return data[:at] + data[end:]


def _repeat(random: Random, data: bytes) -> bytes:
    at, end = _span(random, data)
    part = data[at:end][:_MOST_GROWTH]
    times = random.choice((1, 1, 2, 3, 16))
    return data[:end] + part * min(times, 1 + _MOST_GROWTH // max(1, len(part))) + data[end:]


def _insert(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    new = random.randbytes(random.randrange(1, 40))
    if random.random() < 0.5:
        new = bytes((random.choice((0x00, 0xFF, 0x20, 0x80)),)) * random.choice((1, 4, 64, 1_000))
    return data[:at] + new + data[at:]


def _blank(random: Random, data: bytes) -> bytes:
    at, end = _span(random, data)
    return data[:at] + bytes((random.choice((0, 255)),)) * (end - at) + data[end:]


def _swap(random: Random, data: bytes) -> bytes:
    a, b = _span(random, data)
    c, d = _span(random, data[b:])
    return data[:a] + data[b + c : b + d] + data[b : b + c] + data[a:b] + data[b + d :]


def _span(random: Random, data: bytes) -> tuple[int, int]:
    at = random.randrange(len(data) + 1)
    length = int(random.expovariate(1 / 24)) if random.random() < 0.8 else len(data)
    return at, min(len(data), at + random.randrange(length + 1))


_DAMAGES = (_flip, _flip, _put, _put, _cut, _remove, _repeat, _insert, _blank, _swap)
