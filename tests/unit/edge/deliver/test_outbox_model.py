"""The outbox against a model of it, through any order of calls, crashes and restarts."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract.verdict import Decision
from edge.deliver.outbox import Outbox
from edge.deliver.retry_schedule import LEASE_S
from tests.unit.edge.deliver.bundles import bundle, name, verdict
from tests.unit.edge.deliver.site import Site

NUMBERS = st.integers(0, 3)
DESTINATIONS = ("site", "cloud")
DECISIONS: list[Decision] = ["confirmed", "refuted", "inconclusive", "unconfirmed"]


@dataclass
class Modelled:
    """What an entry must look like; `due` and `again_s` as the outbox has them."""

    severity: int
    state: str = "pending"
    decision: Decision | None = None
    to_tell: set[str] = field(default_factory=set)
    attempts: int = 0
    due: float = 0.0
    again_s: float = 0.0

    @property
    def moves(self) -> bool:
        return self.state not in {"done", "buried"}

    @property
    def turn(self) -> tuple[bool, int]:
        """Smaller is sooner; of equal ones the oldest."""
        return self.state == "reported", -self.severity

    @property
    def waits(self) -> bool:
        return self.moves and self.decision in {None, "unconfirmed"}


class OutboxMachine(RuleBasedStateMachine):
    """A crash is the folder as it lies there, opened by the next process."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="outbox-model-"))
        self.lives = 0
        self.model: dict[int, Modelled] = {}
        self.former: list[Outbox] = []

    @initialize()
    def begin(self) -> None:
        self.site = Site(self.root / "0")
        self.outbox = self.site.open()
        self.outbox.notifications.keep_only(DESTINATIONS)

    @rule(number=NUMBERS, severity=st.integers(0, 3))
    def put(self, number: int, severity: int) -> None:
        fresh = self.outbox.put(bundle(number, severity=severity, size=50, shared="scene"))
        assert fresh == (number not in self.model)
        self.model.setdefault(number, Modelled(severity))

    @rule()
    def take(self) -> None:
        now = self.site.mono()
        ready = [n for n, entry in self.model.items() if entry.waits and entry.due <= now]
        expected = min(ready, key=lambda n: self.model[n].turn, default=None)
        entry = self.outbox.deliveries.next_due(now)
        assert (entry and entry.report_id) == (None if expected is None else name(expected))
        if entry is not None and expected is not None:
            self.model[expected].due = now + LEASE_S
            assert self.outbox.pictures(entry) is not None

    @precondition(lambda self: self.model)
    @rule(number=NUMBERS)
    def store(self, number: int) -> None:
        self.outbox.deliveries.mark_stored(name(number))
        self._step(number, "stored", due=0.0)

    @precondition(lambda self: self.model)
    @rule(number=NUMBERS, wait_s=st.sampled_from([0.0, 30.0]))
    def report(self, number: int, wait_s: float) -> None:
        again = self.site.mono() + wait_s
        self.outbox.deliveries.mark_reported(name(number), again)
        self._step(number, "reported", due=again, again_s=wait_s)

    @precondition(lambda self: self.model)
    @rule(number=NUMBERS, counted=st.booleans())
    def release(self, number: int, counted: bool) -> None:
        self.outbox.deliveries.release(name(number), self.site.mono() + 5, counted=counted)
        if number in self.model:
            self.model[number].due = self.site.mono() + 5
            self.model[number].attempts += counted

    @precondition(lambda self: self.model)
    @rule(number=NUMBERS)
    def bury(self, number: int) -> None:
        self.outbox.deliveries.bury(name(number), "poison")
        if number in self.model and self.model[number].moves:
            self.model[number].state = "buried"

    @precondition(lambda self: self.model)
    @rule(number=NUMBERS, decision=st.sampled_from(DECISIONS))
    def decide(self, number: int, decision: Decision) -> None:
        entry = self.model.get(number)
        changes = entry is not None and (
            entry.decision is None
            or (entry.decision == "unconfirmed" and decision != "unconfirmed")
        )
        assert self.outbox.close_with(verdict(number, decision), DESTINATIONS) == changes
        if entry is not None and changes:
            entry.decision, entry.to_tell = decision, set(DESTINATIONS)
            if decision != "unconfirmed":
                entry.state = "done"

    @rule(destination=st.sampled_from(DESTINATIONS), end=st.sampled_from(["delivered", "refused"]))
    def tell(self, destination: str, end: Literal["delivered", "refused"]) -> None:
        waiting = [n for n, entry in self.model.items() if destination in entry.to_tell]
        first = min(waiting, key=lambda n: -self.model[n].severity, default=None)
        notification = self.outbox.notifications.next(destination)
        assert (notification and notification.report_id) == (None if first is None else name(first))
        if notification is not None and first is not None:
            assert notification.verdict.decision == self.model[first].decision
            self.outbox.notifications.end(notification.key, end)
            self.model[first].to_tell.remove(destination)

    @rule(seconds=st.sampled_from([1.0, 30.0, 130.0]))
    def pass_time(self, seconds: float) -> None:
        self.site.clock.advance(seconds)

    @rule()
    def crash(self) -> None:
        self.former.append(self.outbox)  # never closed: its process is gone
        self.lives += 1
        folder = self.root / str(self.lives)
        shutil.copytree(self.site.folder, folder)
        clock, self.site = self.site.clock, Site(folder)
        self.site.clock = clock
        self.outbox = self.site.open()
        self.outbox.notifications.keep_only(DESTINATIONS)
        for entry in self.model.values():
            entry.due = self.site.mono() + entry.again_s if entry.state == "reported" else 0.0

    def _step(self, number: int, state: str, due: float, again_s: float = 0.0) -> None:
        entry = self.model.get(number)
        if entry is None:
            return
        entry.due = due
        if entry.moves:
            entry.state, entry.attempts, entry.again_s = state, 0, again_s

    @invariant()
    def every_entry_is_as_modelled(self) -> None:
        for number, model in self.model.items():
            entry = self.outbox.find(name(number))
            assert entry is not None
            found = (entry.state, entry.decision, entry.attempts, entry.report.severity)
            assert found == (model.state, model.decision, model.attempts, model.severity)

    @invariant()
    def everyone_is_still_to_be_told_what_he_was_not(self) -> None:
        for destination in DESTINATIONS:
            waiting = sum(destination in entry.to_tell for entry in self.model.values())
            backlog = self.outbox.notifications.backlogs().get(destination)
            assert (backlog.waiting if backlog else 0) == waiting

    @invariant()
    def files_are_those_of_entries_that_are_not_done(self) -> None:
        kept = [n for n, entry in self.model.items() if entry.state != "done"]
        needed = {p.sha256 for n in kept for p in bundle(n, size=50, shared="scene").pictures}
        assert self.site.files() == needed
        assert self.site.losses == []

    def teardown(self) -> None:
        for outbox in [*self.former, self.outbox]:
            outbox.close()
        shutil.rmtree(self.root)


OutboxMachine.TestCase.settings = settings(
    max_examples=50,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestOutboxModel = OutboxMachine.TestCase
