"""`roll-out`: an order goes to its gateways ring by ring, and stops by itself.

SHELL. Every decision is in the journal before it has an effect, so a run that was killed goes on
where it was; what it had not watched to the end is watched anew. When it stops, gateways that have
not taken the order yet are given back the one before. The order's key is not needed: all rings get
the same signed order. Raises `CannotRun`.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from cloud.confirm.offline import CannotRun
from cloud.keys import open_keys
from cloud.manage.desk import Desk
from cloud.manage.files import read_signed
from cloud.manage.fleet_link import FleetLink
from cloud.manage.gateways import KnownGateway, NamedOrder
from cloud.manage.journal import Journal, RollOutEntry, entry_in_words
from cloud.manage.publishing import admit, has_newer, members, messages
from cloud.manage.rings import (
    Advances,
    GoesOn,
    Limits,
    RingWatch,
    Stops,
    is_ring,
    ring_members,
    unwell,
)
from cloud.manage.status import answer_to
from contract.envelope import Envelope
from contract.ids import GatewayId
from contract.topics import Topics, UpdateKind
from contract.update import UpdateOrder, digest_of
from contract.validation_errors import first_error

LOOK_S = 0.5
_ENDS = ("stopped", "completed")

KnownGateways = Mapping[GatewayId, KnownGateway]


def roll_out(desk: Desk, kind: UpdateKind) -> Generator[str, None, bool]:
    """Says each step; whether it stopped."""
    envelope = read_signed(desk.options.order)
    order = desk.order(kind, envelope, desk.options.order)
    keys = open_keys(desk.settings)
    if keys.signer is None:
        raise CannotRun("a roll-out signs its record: --signing-key FILE, made by `keygen`")
    admit(desk, order, envelope)
    run = RollOut(desk, order, envelope, Journal(desk.history, kind, order.version, keys))
    run.entries = run.journal.read()
    if not run.entries:
        run.write("planned", rings=_rings(desk), limits=_limits(desk))
    last = run.entries[-1]
    if last.step == "stopped" and desk.options.resume:
        run.write("resumed", ring=last.ring, reasons=(desk.reason,))
    with desk.fleet() as fleet:
        yield from run.go_on(fleet)
        if run.entries[-1].step == "stopped":
            yield from run.take_back(fleet)
    return run.entries[-1].step == "stopped"


@dataclass
class RollOut:
    """One run of it."""

    desk: Desk
    order: UpdateOrder
    envelope: Envelope
    journal: Journal
    entries: list[RollOutEntry] = field(default_factory=list)

    @property
    def plan(self) -> RollOutEntry:
        """Rings and limits, as they were when it began."""
        return self.entries[0]

    def go_on(self, fleet: FleetLink) -> Iterator[str]:
        """From where the journal ends."""
        yield from self.said(self.entries[-1])
        while self.entries[-1].step not in _ENDS:
            last = self.entries[-1]
            if last.step == "advanced" and last.ring == len(self.plan.rings):
                self.write("completed", ring=last.ring)
            elif last.step == "started":
                self._ring(fleet, last)
            else:
                self._start(fleet, last.ring + (last.step in ("planned", "advanced")))
            yield from self.said(self.entries[-1])

    def write(self, step: str, **facts: object) -> None:
        """The next entry, durable on return."""
        entry = RollOutEntry.model_validate(
            {
                "kind": self.order.kind,
                "version": self.order.version,
                "digest": digest_of(self.envelope.payload),
                "number": len(self.entries) + 1,
                "step": step,
                "at": self.desk.clock.now(),
                "by": self.desk.by,
            }
            | facts
        )
        self.journal.append(entry)
        self.entries.append(entry)

    def said(self, entry: RollOutEntry) -> Iterator[str]:
        """An entry in words."""
        yield entry_in_words(entry, self.plan.rings)

    def _start(self, fleet: FleetLink, number: int) -> None:
        known = fleet.gateways()
        groups = {name: one.groups for name, one in known.items()}
        everybody = members(self.order, known)
        chosen = ring_members(self.plan.rings[number - 1], everybody, groups, self._salt())
        before = {one: version for one in chosen if (version := self._ordered(known, one))}
        self.write(
            "started",
            ring=number,
            members=tuple(sorted(chosen - self._members_before(number))),
            absent=tuple(sorted(one for one in chosen if not _online(known, one))),
            unwell=tuple(unwell(chosen, known)),
            before=before,
        )

    def _ring(self, fleet: FleetLink, started: RollOutEntry) -> None:
        """Sends the order to a ring and watches until it advances or stops."""
        if not started.members:
            self.write("advanced", ring=started.ring, reasons=("nobody is in it",))
            return
        watch = self._watch(fleet.gateways(), started)
        to = [one for one in started.members if not has_newer(watch.before.get(one), self.order)]
        fleet.retain(messages(fleet.root, self.order, self.envelope, to))
        if not watch.judged:
            why = "nobody of it is there: begin again with --resume when somebody is"
            self.write("stopped", ring=started.ring, reasons=(why,))
            return
        found = self._watched(fleet, watch)
        reasons = found.reasons if isinstance(found, Stops) else ()
        step = "stopped" if isinstance(found, Stops) else "advanced"
        self.write(step, ring=started.ring, reasons=(*reasons, found.facts.words()))

    def _watched(self, fleet: FleetLink, watch: RingWatch) -> Advances | Stops:
        """Looks until it is decided; what is out of reach is not watched."""
        never = threading.Event()
        while True:
            if fleet.connected:
                watch, found = watch.look(fleet.gateways(), self.desk.clock.mono())
                if not isinstance(found, GoesOn):
                    return found
            else:
                watch = watch.interrupted()
            self.desk.clock.wait(never, LOOK_S)

    def _watch(self, known: KnownGateways, started: RollOutEntry) -> RingWatch:
        """From before the order is sent: what comes right after it counts."""
        so_far = [one for one in self.entries if one.step == "started" and one.ring <= started.ring]
        everybody = frozenset(name for one in so_far for name in one.members)
        absent = {name for one in so_far for name in one.absent}
        return RingWatch(
            kind=self.order.kind,
            order=NamedOrder(self.order.version, started.digest),
            limits=self.plan.limits,
            judged=everybody - absent,
            ring=frozenset(started.members) - absent,
            all_members=everybody,
            unwell=frozenset(name for one in so_far for name in one.unwell),
            began_s=self.desk.clock.mono(),
            before=known,
        )

    def take_back(self, fleet: FleetLink) -> Iterator[str]:
        """Who has not taken the order yet must not do so later: what was ordered before it stands
        there again, or nothing."""
        known = fleet.gateways()
        order = NamedOrder(self.order.version, self.plan.digest)
        began = [one for one in self.entries if one.step == "started"]
        before = {name: one.before.get(name) for one in began for name in one.members}
        open_ = {
            name: version
            for name, version in before.items()
            if (found := known.get(name)) is not None
            and found.desired.get(self.order.kind) == order
            and answer_to(found, self.order.kind, order)[0] in ("waiting", "silent")
        }
        fleet.retain((self._topic(fleet, one), self._earlier(open_[one])) for one in open_)
        if open_:
            yield f"taken back from {', '.join(open_)}"

    def _earlier(self, version: int | None) -> bytes:
        if version is None:
            return b""
        return self.desk.history.read(self.order.kind, version).envelope.encode()

    def _topic(self, fleet: FleetLink, gateway: GatewayId) -> str:
        return Topics(gateway=gateway, root=fleet.root).of_update(self.order.kind, "desired")

    def _members_before(self, number: int) -> set[GatewayId]:
        """Of rings below this one."""
        return {
            name
            for one in self.entries
            if one.step == "started" and one.ring < number
            for name in one.members
        }

    def _ordered(self, known: KnownGateways, gateway: GatewayId) -> int | None:
        found = known.get(gateway, KnownGateway()).desired.get(self.order.kind)
        return None if found is None or found.version >= self.order.version else found.version

    def _salt(self) -> str:
        """Rings of another order begin with other gateways."""
        return self.order.targets.salt or str(self.order.version)


def _online(known: KnownGateways, gateway: GatewayId) -> bool:
    return known.get(gateway, KnownGateway()).online


def _rings(desk: Desk) -> tuple[str, ...]:
    given: list[str] = desk.options.ring or ["1%", "10%", "50%", "100%"]
    wrong = [one for one in given if not is_ring(one)]
    if wrong:
        raise CannotRun(f"{wrong[0]!r} is no ring: give a group, or 1% to 100%")
    return tuple(given)


def _limits(desk: Desk) -> Limits:
    given = {name: getattr(desk.options, name) for name in Limits.model_fields}
    try:
        return Limits.model_validate({k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        raise CannotRun(f"limits: {first_error(error)}") from error
