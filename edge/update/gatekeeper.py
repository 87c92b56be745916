"""Which of the orders that come are believed: everything else is refused with a reason.

SHELL. A signature is checked before anything of a payload is read, and nothing of what is not
believed is kept. Called by `updater`, on the control loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract.envelope import Refusal
from contract.topics import UpdateKind
from contract.trust import Root
from contract.update import OpenedOrder
from edge.update.inbox import Inbox, OrderArrival, Ordered
from edge.update.trust_store import NO_ROOT, TrustStore
from service.clock import Clock

NOT_KEPT = "not_kept"

Refuse = Callable[[OrderArrival, str, str], None]
"""Says that an arrival is refused: the word and the details."""


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
        self._kind, self._refuse, self._clock = kind, refuse, clock
        self._inbox, self._trust = inbox, trust
        self._kinds: tuple[Ordered, ...] = ("root", "config") if kind == "config" else ("model",)
        self._refused: tuple[OrderArrival, Root] | None = None

    def take(self, at_most: int) -> Believed | None:
        """The next order to believe, of so many arrivals; those before it were refused, or
        roots. One that came before the root that knows its keys gets another chance."""
        if self._refused is not None and self._trust.root != self._refused[1]:
            self._inbox.add(self._refused[0])
            self._refused = None
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
            self._refuse(believed.arrival, NOT_KEPT, f"it cannot be kept on disk: {error}")
            return False
        return True

    def _open(self, arrival: OrderArrival) -> OpenedOrder | None:
        if self._trust.state is None:
            self._refuse(arrival, NO_ROOT, self._trust.why_none)
            return None
        if arrival.what == "root":
            self._rotate(arrival)
            return None
        opened = self._trust.open(arrival.content, arrival.what, self._clock)
        if isinstance(opened, Refusal):
            self._refused = arrival, self._trust.state.root
            self._refuse(arrival, opened.reason.value, opened.detail)
            return None
        return opened

    def _rotate(self, arrival: OrderArrival) -> None:
        """Follows a chain of roots."""
        try:
            refusal = self._trust.rotate(arrival.content)
        except OSError as error:
            self._refuse(arrival, NOT_KEPT, f"the root cannot be kept on disk: {error}")
            return
        if refusal is not None:
            self._refuse(arrival, refusal.reason.value, f"root of trust: {refusal.detail}")
