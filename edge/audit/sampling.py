"""How likely it is that something is audited: as configured, or less, as the day's bytes allow.

PURE. The estimate of what is missed stands and falls with the sample being random: dropping audits
for which no bytes are left would leave out busy hours, which are not like others. So bytes lower
the probability before the draw, which is carried along and weighs the answer: what was drawn with
half the probability stands for twice as many. An audit that is drawn has its bytes. Called by
`events` and by the analysis worker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from edge.config.audit import AuditConfig

SampleKind = Literal["motion", "partly", "quiet"]
"""`motion`, `partly` or `quiet`; see `contract.report.Sample`. The first two are drawn alike, since
only the end of an event tells which it is."""

_DAY_S = 86_400.0

_KEPT = 0.25
"""Of a day's bytes can be spent at once; the rest comes in over the day. So no 24 hours see more
than a day's bytes, and a windy morning does not use up the night's."""

_AT_ONCE = 4
"""Audits of the largest size for which there is room at the start, and from which on the configured
share holds. A restart brings no more, and is drawn for by chance only."""

_CAUTION = 3
"""With the bytes that are left the probability falls by this power: four times too many events
leave 0.63 of the room, a hundred times 0.22, so that it is hardly ever spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The bytes that may be sent by `at_s`; before the first look, those of the start."""

    bytes: float = 0.0
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """What decides whether something is audited: names, and with which probability.

    `chance` is by how much bytes lower the configured share, 0..1; it is asked when something
    begins.
    """

    gateway: str
    camera: str
    epoch: int
    settings: AuditConfig = field(default_factory=AuditConfig)
    chance: Callable[[], float] = lambda: 1.0

    def share(self, kind: SampleKind) -> float:
        """The probability with which the next of `kind` is drawn."""
        return self._most(kind) * self.chance() if self.settings.enabled else 0.0

    def falls_on(self, kind: SampleKind, number: int, share: float) -> bool:
        """A fair draw of `share`: 64 bits of a hash, as good as independent of each other. It
        follows from names alone, so a replay draws alike and what is seen cannot sway it."""
        return self._lot(kind, number) < share * 2**64

    def may_fall_on(self, kind: SampleKind, number: int) -> bool:
        """Whether it is drawn if bytes lower nothing."""
        return self.settings.enabled and self.falls_on(kind, number, self._most(kind))

    def _most(self, kind: SampleKind) -> float:
        return self.settings.quiet_share if kind == "quiet" else self.settings.share

    def _lot(self, kind: SampleKind, number: int) -> int:
        named = f"{self.gateway}/{self.camera}/{self.epoch}/{kind}/{number}".encode()
        return int.from_bytes(hashlib.sha256(named).digest()[:8])


def most_bytes(settings: AuditConfig, bytes_per_day: float) -> int:
    """What one audit's pictures may take, of a share `bytes_per_day` of the day's bytes."""
    return int(min(settings.max_bytes, _KEPT * bytes_per_day / _AT_ONCE))


def earned(allowance: Allowance, now: float, most: int, bytes_per_day: float) -> Allowance:
    """With what has come in by `now`: a token bucket."""
    if allowance.at_s is None:
        return Allowance(bytes=_AT_ONCE * most, at_s=now)
    income = (1 - _KEPT) * bytes_per_day / _DAY_S * max(0.0, now - allowance.at_s)
    return Allowance(bytes=min(allowance.bytes + income, _KEPT * bytes_per_day), at_s=now)


def chance(allowance: Allowance, under_way: int, most: int) -> float:
    """By how much the bytes that are left lower the probability, with `under_way` drawn before
    whose bytes are not spent yet; 0 if there is no room for one more of the largest size."""
    free = allowance.bytes - under_way * most
    if most <= 0 or free < most:
        return 0.0
    return min(1.0, free / (_AT_ONCE * most)) ** _CAUTION


def spent(allowance: Allowance, size_bytes: int) -> Allowance | None:
    """What remains; None if there are not so many."""
    if size_bytes > allowance.bytes:
        return None
    return Allowance(bytes=allowance.bytes - size_bytes, at_s=allowance.at_s)
