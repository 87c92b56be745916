"""Which of the orders that come are believed: everything else is refused with a reason.

SHELL. A signature is checked before anything of a payload is read, and nothing of what is not
believed is kept. What is refused for a reason that passes is looked at again then, as the broker
repeats nothing to who stays connected. Called by `updater`, on the control loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contract.envelope import Refusal
from contract.topics import UpdateKind
from contract.trust import Root
from contract.update import OpenedOrder
from edge.update.inbox import Inbox, OrderArrival, Ordered
from edge.update.trust_store import NO_ROOT, TrustStore
from service.clock import Clock

NOT_KEPT = "not_kept"

AGAIN_S = 300.0
"""After which an order that the disk did not take is tried again."""

_AHEAD = timedelta(minutes=1)
"""A clock that goes back by more was ahead."""

Refuse = Callable[[OrderArrival, str, str], None]
"""Says that an arrival is refused: the word and the details."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """The last one: what came, why not, whom we trusted, of which groups we were, and when."""

    arrival: OrderArrival
    refusal: str
    root: Root | None
    groups: tuple[str, ...]
    at: datetime
    at_s: float


@dataclass(frozen=True, slots=True)
class Believed:
    """An order that this gateway may obey, and how it came."""

    arrival: OrderArrival
    opened: OpenedOrder


class Gatekeeper:
    """What came and is not decided on yet, and whom we trust."""

    def __init__(
        self, kind: UpdateKind, inbox: Inbox, trust: TrustStore, refuse: Refuse, clock: Clock
    ) -> None:
        """One for each kind; that of configurations takes the roots too."""
        self._kind, self._say, self._clock = kind, refuse, clock
        self._inbox, self._trust = inbox, trust
        self._kinds: tuple[Ordered, ...] = ("root", "config") if kind == "config" else ("model",)
        self._refused: _Refused | None = None

    def take(self, at_most: int) -> Believed | None:
        """The next order to believe, of so many arrivals; those before it were refused, or
        roots. One that was refused for what is different now gets another chance."""
        refused = self._refused
        if refused is not None and self._has_passed(refused):
            self._refused = None
            self._inbox.add(refused.arrival)
        for _ in range(at_most):
            arrival = self._inbox.take(self._kinds)
            if arrival is None:
                return None
            opened = self._open(arrival)
            if opened is not None:
                return Believed(arrival, opened)
        return None

    def accept(self, believed: Believed) -> bool:
        """From now on nothing older is; False, and it was refused, if that cannot be kept."""
        try:
            self._trust.accept(self._kind, believed.opened)
        except OSError as error:
            self.refuse(believed.arrival, NOT_KEPT, f"it cannot be kept on disk: {error}")
            return False
        self._refused = None  # whatever was is older
        return True

    def refuse(self, arrival: OrderArrival, refusal: str, detail: str) -> None:
        """Says so, and keeps it in mind; a root comes again by itself."""
        if arrival.what != "root":
            trust, clock = self._trust, self._clock
            self._refused = _Refused(
                arrival, refusal, trust.root, trust.groups, clock.now(), clock.mono()
            )
        self._say(arrival, refusal, detail)

    def _has_passed(self, refused: _Refused) -> bool:
        """The root that knows its keys has come, we joined a group, a clock that was ahead is
        right, or the disk had time."""
        changed = (self._trust.root, self._trust.groups) != (refused.root, refused.groups)
        was_ahead = self._clock.now() < refused.at - _AHEAD
        rested = refused.refusal == NOT_KEPT and self._clock.mono() >= refused.at_s + AGAIN_S
        return changed or was_ahead or rested

    def _open(self, arrival: OrderArrival) -> OpenedOrder | None:
        if self._trust.state is None:
            self.refuse(arrival, NO_ROOT, self._trust.why_none)
            return None
        if arrival.what == "root":
            self._rotate(arrival)
            return None
        opened = self._trust.open(arrival.content, arrival.what, self._clock)
        if isinstance(opened, Refusal):
            self.refuse(arrival, opened.reason.value, opened.detail)
            return None
        return opened

    def _rotate(self, arrival: OrderArrival) -> None:
        """Follows a chain of roots."""
        try:
            refusal = self._trust.rotate(arrival.content)
        except OSError as error:
            self.refuse(arrival, NOT_KEPT, f"the root cannot be kept on disk: {error}")
            return
        if refusal is not None:
            self.refuse(arrival, refusal.reason.value, f"root of trust: {refusal.detail}")
