"""Carries out orders: verified, validated, planned, held against recent frames, built, swapped,
watched, kept or rolled back.

SHELL, on the control loop's thread; only the inbox is filled by others. Laws: a state is on disk
before what it stands for happens; of what is not verified nothing is written; an order that cannot
be kept on disk has no effect. What an update changes is the `UpdateTarget`'s affair. Made
and driven by `edge.daemon.updates`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contract.topics import Topics, UpdateKind
from contract.update import ConfigOrder
from edge.errors import ConfigError
from edge.update.gatekeeper import NOT_KEPT, Believed, Gatekeeper
from edge.update.inbox import Inbox, OrderArrival
from edge.update.machine import ENDS, UpdateStage, advance
from edge.update.messages import UpdateMessages, effective_of, worded
from edge.update.outcomes import Outcomes
from edge.update.refusals import OrderRefused, check_plan, check_replay, refused
from edge.update.store import Attempt, KeptUpdate, UpdateRecord, UpdateStore
from edge.update.target import ProposedChange, UpdateTarget
from edge.update.trial import UpdateTrial
from edge.update.trust_store import TrustStore
from imaging.manifest import ModelError
from service.clock import Clock
from service.events import Event, log
from service.link import Publication

_AT_ONCE = 4
"""Orders read in one turn: hostile ones cost the control loop a millisecond each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """How the world hears of it: `digest` is of the configuration that runs."""

    publish: Callable[[Iterable[Publication]], None]
    digest: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where orders come from and whom to believe, for all kinds; records lie below `outbox`."""

    topics: Topics
    outbox: Path
    inbox: Inbox
    trust: TrustStore


class Updater:
    """Updates of one kind."""

    def __init__(
        self, kind: UpdateKind, sources: Sources, trial: UpdateTrial, says: Says, clock: Clock
    ) -> None:
        """Raises `RecordDamaged`, which `boot` has prevented."""
        self.kind = kind
        self._trial, self._says, self._clock = trial, says, clock
        self._store = UpdateStore(sources.outbox, kind)
        self._messages = UpdateMessages(sources.topics, kind)
        self._gate = Gatekeeper(kind, sources.inbox, sources.trust, self._refuse, clock)
        self.outcomes = Outcomes(kind, clock)
        self.record = self._store.read()
        self._change: ProposedChange | None = None
        self._returning = False

    @property
    def on_trial(self) -> bool:
        """Whether an update is in force that may be rolled back yet, or is being; any thread may
        ask."""
        attempt = self.record.attempt
        return self._returning or (attempt is not None and attempt.on_trial)

    @property
    def busy(self) -> bool:
        """Whether an order is on its way."""
        attempt = self.record.attempt
        return attempt is not None and attempt.state not in ENDS

    def on_connect(self) -> Iterator[Publication]:
        """What must stand at a broker after a connect."""
        return self._messages.standing(self.record, self._says.digest())

    def tick(self, target: UpdateTarget) -> None:
        """Once a turn of the control loop; at most one update begins in it, and none while one of
        another kind is on trial."""
        self._trial.look()
        attempt = self.record.attempt
        if attempt is not None and attempt.on_trial:
            self._watch(attempt, target)
        elif attempt is not None and attempt.state not in ENDS:  # a start found it on the way
            self._resume(target)
        else:
            believed = self._gate.take(_AT_ONCE)
            if believed is not None and self._begin(believed):
                self._resume(target)

    def _begin(self, believed: Believed) -> bool:
        """Whether it is news, and kept."""
        order, digest = believed.opened.order, believed.opened.digest
        known = (self.record.attempt, self.record.applied)
        if any(one is not None and one.digest == digest for one in known):
            return False  # it is retained, and comes again after each connect
        if not self._gate.accept(believed):
            return False
        attempt = Attempt(
            version=order.version,
            digest=digest,
            content=order.patch if isinstance(order, ConfigOrder) else order.model_dump_json(),
            reason=order.reason,
            state=UpdateStage.VERIFIED,
            at=self._clock.now(),
            limits=order.replay,
        )
        try:
            self._put(UpdateRecord(applied=self.record.applied, attempt=attempt))
        except OSError as error:
            self._gate.refuse(believed.arrival, NOT_KEPT, f"it cannot be kept on disk: {error}")
            return False
        self.outcomes.believed()
        self._say()
        return True

    def _resume(self, target: UpdateTarget) -> None:
        """From `verified` to `swapped`; any failure leaves everything as it is."""
        attempt = self.record.attempt
        if attempt is None or not target.ready(attempt):
            return
        try:
            if attempt.state is not UpdateStage.IN_SHADOW or self._change is None:
                attempt = self._plan(attempt, target)
            change = self._judged(attempt, target)
            if change is None:
                return
            self._swap_in(change)
        except (OrderRefused, ConfigError, ModelError, OSError) as error:
            self._reject(refused(error))
        self._change = None
        self._say()

    def _plan(self, attempt: Attempt, target: UpdateTarget) -> Attempt:
        """From `verified` on; raises what is wrong with it."""
        self._change = target.propose(attempt)
        attempt = self._advance(attempt, UpdateStage.VALIDATED)
        check_plan(self._change)
        attempt = self._advance(attempt, UpdateStage.PLANNED)
        return self._advance(attempt, UpdateStage.IN_SHADOW)

    def _judged(self, attempt: Attempt, target: UpdateTarget) -> ProposedChange | None:
        """The change as it is proposed now, once recent frames were judged; raises `OrderRefused`
        if they speak against it, as the order itself has it."""
        found = None if self._change is None else self._change.shadow()
        if found is None:
            return None
        attempt = attempt.model_copy(update={"shadow": found})
        self._put(self.record.model_copy(update={"attempt": attempt}))
        log(Event.UPDATE_REPLAYED, of=self.kind, version=attempt.version, found=found.words())
        check_replay(attempt.limits, found)
        change = target.propose(attempt)  # the gateway's own file may have changed meanwhile
        check_plan(change)
        return change

    def _swap_in(self, change: ProposedChange) -> None:
        """From `in_shadow` to `swapped`; raises what is wrong with it."""
        attempt = self.record.attempt
        if attempt is None:
            return
        change.build()
        attempt = self._advance(self._trial.before(attempt), UpdateStage.BUILT)
        self._trial.begin()
        self._move(attempt, UpdateStage.SWAPPED)
        change.swap()

    def _reject(self, why: OrderRefused) -> None:
        """What came of it so far had no effect."""
        if self.record.attempt is not None:
            self._end(self.record.attempt, UpdateStage.REJECTED, why.reasons, why.refusal)

    def _watch(self, attempt: Attempt, target: UpdateTarget) -> None:
        try:
            if attempt.state is UpdateStage.SWAPPED:
                attempt = self._advance(attempt, UpdateStage.IN_WINDOW)
            over, reason = self._trial.judge(attempt)
            if reason is None and over:
                self._apply_for_good(attempt, target)
        except OSError as error:
            reason = f"cannot be kept on disk: {error}"
        if reason is not None:
            self._roll_back(attempt, target, reason)

    def _apply_for_good(self, attempt: Attempt, target: UpdateTarget) -> None:
        applied = KeptUpdate(
            version=attempt.version,
            digest=attempt.digest,
            content=attempt.content,
            reason=attempt.reason,
        )
        self._advance(attempt, UpdateStage.APPLIED, applied)
        target.keep()
        self.outcomes.count(UpdateStage.APPLIED)

    def _roll_back(self, attempt: Attempt, target: UpdateTarget, reason: str) -> None:
        """On disk first, so that a kill in between comes up with what was before. Raises if that
        is not to be had: the daemon ends, and the next start has it."""
        self._returning = True
        try:
            self._end(attempt, UpdateStage.ROLLED_BACK, [reason], "unhealthy")
            self._return(target)
        finally:
            self._returning = False
        self._say()

    def _return(self, target: UpdateTarget) -> None:
        try:
            change = target.propose(self.record.applied)
            change.plan()
        except ConfigError:  # the file was changed meanwhile
            change = target.last_good()
            change.plan()
        change.build()
        change.swap()

    def _end(
        self, attempt: Attempt, state: UpdateStage, reasons: Sequence[str], refusal: str
    ) -> None:
        """Also where the disk does not take it: what counts is what runs."""
        ended = {"reasons": worded(reasons), "refusal": refusal}
        attempt = attempt.model_copy(update=ended)
        try:
            self._move(attempt, state)
        except OSError as error:
            log(Event.UPDATE_NOT_KEPT, state=state.value, reason=str(error))
            attempt = attempt.model_copy(update={"state": state, "at": self._clock.now()})
            self.record = self.record.model_copy(update={"attempt": attempt})
        self.outcomes.count(state)

    def _advance(
        self, attempt: Attempt, to: UpdateStage, applied: KeptUpdate | None = None
    ) -> Attempt:
        """As `_move`, and said."""
        attempt = self._move(attempt, to, applied)
        self._say()
        return attempt

    def _move(
        self, attempt: Attempt, to: UpdateStage, applied: KeptUpdate | None = None
    ) -> Attempt:
        """The attempt in its next state, which is on disk; raises `OSError`."""
        moved = {"state": advance(attempt.state, to), "at": self._clock.now()}
        attempt = attempt.model_copy(update=moved)
        self._put(UpdateRecord(applied=applied or self.record.applied, attempt=attempt))
        log(
            _EVENTS.get(to, Event.UPDATE_ADVANCED),
            of=self.kind,
            version=attempt.version,
            state=to.value,
            reasons=list(attempt.reasons),
        )
        return attempt

    def _put(self, record: UpdateRecord) -> None:
        self._store.write(record)
        self.record = record

    def _say(self) -> None:
        self._says.publish(self._messages.advanced(self.record, self._says.digest()))

    def _refuse(self, arrival: OrderArrival, refusal: str, detail: str) -> None:
        """Before it was believed: nothing of it is kept."""
        self.outcomes.refuse(refusal, detail)
        log(
            Event.UPDATE_REJECTED, of=arrival.what, refusal=refusal, reasons=list(worded((detail,)))
        )
        effective = effective_of(self.record, self._says.digest())
        said = self._messages.refused(
            arrival.content, refusal, detail, self._clock.now(), effective
        )
        self._says.publish((said,))


_EVENTS = {
    UpdateStage.APPLIED: Event.UPDATE_APPLIED,
    UpdateStage.ROLLED_BACK: Event.UPDATE_ROLLED_BACK,
    UpdateStage.REJECTED: Event.UPDATE_REJECTED,
}
