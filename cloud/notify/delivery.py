"""The seam between the queue and whoever is told: what a destination does, and how it may end.

A destination knows how to deliver one notice, nothing else: order, back-off, age and what was told
are the queue's and `destination_worker`'s. Outcomes are values; another kind of destination is one
more class, its settings in `settings`, and a line in `destinations` that builds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.notice import Notice

NoticeEnd = Literal["delivered", "refused", "given_up", "superseded", "gathered", "snoozed"]
"""How a row ends. `superseded`: something newer took its place before it was sent; `gathered`: it
stands in a digest; `snoozed`: somebody asked not to be told."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The receiver has acknowledged it."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class NotWanted:
    """The receiver, or a limit of ours, said no to this one; the same again will not help."""

    reason: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It did not go now. `all_wait`: nor would anything else to this destination."""

    reason: str
    after_s: float | None = None
    all_wait: bool = True


DeliveryOutcome = Acknowledged | NotWanted | TryAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """One try: the notice, its picture if it is there, which try it is, and the number that the
    queue has given it for protocols that count messages. `planned_at_s` and `began_at_s` (the first
    try) are wall time, in seconds."""

    notice: Notice
    picture: bytes | None = None
    tries: int = 1
    number: int = 1
    planned_at_s: float = 0.0
    began_at_s: float = 0.0


class NotifyDestination(Protocol):
    """Called on one thread of its own."""

    @property
    def with_picture(self) -> bool:
        """Whether the first word may carry the picture along."""
        ...

    def deliver(self, attempt: DeliveryAttempt) -> DeliveryOutcome:
        """Tells it, within the destination's own time limit."""
        ...

    def idle(self) -> None:
        """Called about once a second while nothing waits, for protocols that supervise a line."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltDestination:
    """A destination, ready, with what is set of it. `counted`: its messages get numbers that
    outlive a restart."""

    destination: NotifyDestination
    settings: DestinationSettings
    counted: bool = False
