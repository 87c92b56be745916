"""A roll-out ring by ring: who is in a ring, and whether it may go on.

PURE. A ring advances once each gateway of it has applied the order, and all so far were watched for
a while: nobody refused, went back, fell silent or got worse, and misses, alarms and what recent
frames say (added up over the ring) stayed within the limits. A ring in which nothing was replayed
has no evidence for the order. Otherwise it stops, with reasons. Whoever was away or unwell when his
ring began is not judged by that. Called by `roll_out`, once for each look at the gateways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import Field

from cloud.manage.gateways import KnownGateway, NamedOrder
from cloud.manage.status import REFUSED, OrderAnswer, answer_to, replayed_by
from contract.ids import GatewayId, is_name
from contract.report import Wire
from contract.shadow import ReplayedDecisions, ReplayLimits
from contract.topics import UpdateKind
from contract.update import percent_of

_NAMED = 5
"""So many gateways stand in a reason; the rest is counted."""

PerHour = Annotated[float, Field(ge=0, le=1e6)]
Seconds = Annotated[float, Field(ge=0, le=31_536_000)]


class Limits(Wire):
    """What must hold for a ring to advance; rates are of one gateway."""

    watch_s: Seconds = 3600
    answer_s: Seconds = 900
    grace_s: Seconds = 60
    max_missed: Annotated[int, Field(ge=0)] = 0
    max_alarms_per_h: PerHour = 4
    max_suspicions_per_h: PerHour = 60
    max_lost_decisions_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    max_new_decisions_per_h: PerHour | None = None
    accept_unreplayed: bool = False

    @property
    def replay(self) -> ReplayLimits:
        """Of what a ring's recent frames say."""
        return ReplayLimits(
            max_lost_decisions_share=self.max_lost_decisions_share,
            max_new_decisions_per_h=self.max_new_decisions_per_h,
            accept_unreplayed=self.accept_unreplayed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RingFacts:
    """Figures of a ring so far: of gateways that were there, how much their counters grew, and what
    the recent frames of the ring's own say of the order."""

    applied: int
    judged: int
    watched_s: float
    missed: int
    alarms: int
    suspicions: int
    replayed: ReplayedDecisions

    def words(self) -> str:
        """For the record."""
        return (
            f"{self.applied} of {self.judged} gateways applied it, watched for "
            f"{self.watched_s:.0f} s: {self.suspicions} suspicions, {self.alarms} alarms, "
            f"{self.missed} audited misses; {self.replayed.words()}"
        )


@dataclass(frozen=True, slots=True)
class GoesOn:
    """Not decided yet."""

    facts: RingFacts


@dataclass(frozen=True, slots=True)
class Advances:
    """The next ring may begin."""

    facts: RingFacts


@dataclass(frozen=True, slots=True)
class Stops:
    """It must not go on, and why."""

    facts: RingFacts
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RingWatch:
    """A ring under way: of the gateways `judged`, those `unwell` at its beginning are not held to
    their health until it was in order once; `ring` are those that it began with. Times are
    monotonic seconds; `before` are the counters as it began."""

    kind: UpdateKind
    order: NamedOrder
    limits: Limits
    judged: frozenset[GatewayId]
    ring: frozenset[GatewayId]
    all_members: frozenset[GatewayId]
    unwell: frozenset[GatewayId]
    began_s: float
    before: Mapping[GatewayId, KnownGateway]
    applied_s: float | None = None
    troubled_s: Mapping[GatewayId, float] = field(default_factory=dict)

    def look(
        self, gateways: Mapping[GatewayId, KnownGateway], now_s: float
    ) -> tuple[RingWatch, GoesOn | Advances | Stops]:
        """What the gateways show now, and the watch that remembers it."""
        answers = {name: self._answer(name, gateways) for name in self.all_members}
        troubled = {
            name: self.troubled_s.get(name, now_s)
            for name in self.judged
            if self._ails(name, gateways)
        }
        complete = all(answers[name][0] == "applied" for name in self.judged)
        applied_s = self.applied_s if complete and self.applied_s is not None else now_s
        watch = replace(
            self,
            troubled_s=troubled,
            applied_s=applied_s if complete else None,
            unwell=frozenset(unwell(self.unwell, gateways)),
        )
        facts = watch._facts(answers, gateways, now_s)
        reasons = tuple(watch._reasons(answers, gateways, facts, now_s))
        if reasons:
            return watch, Stops(facts, reasons)
        done = complete and now_s - applied_s >= self.limits.watch_s and not troubled
        return watch, Advances(facts) if done else GoesOn(facts)

    def interrupted(self) -> RingWatch:
        """After the broker was out of reach: what was not seen was not watched."""
        return replace(self, applied_s=None, troubled_s={})

    def _answer(
        self, name: GatewayId, gateways: Mapping[GatewayId, KnownGateway]
    ) -> tuple[OrderAnswer, str]:
        return answer_to(gateways.get(name, KnownGateway()), self.kind, self.order)

    def _ails(self, name: GatewayId, gateways: Mapping[GatewayId, KnownGateway]) -> bool:
        known = gateways.get(name, KnownGateway())
        return not known.online or (name not in self.unwell and _is_unwell(known))

    def _facts(
        self,
        answers: Mapping[GatewayId, tuple[OrderAnswer, str]],
        gateways: Mapping[GatewayId, KnownGateway],
        now_s: float,
    ) -> RingFacts:
        now = [(gateways.get(one, KnownGateway()), self._then(one)) for one in self.all_members]
        return RingFacts(
            applied=sum(answers[name][0] == "applied" for name in self.judged),
            judged=len(self.judged),
            watched_s=0.0 if self.applied_s is None else now_s - self.applied_s,
            missed=sum(one.missed.grown - then.missed.grown for one, then in now),
            alarms=sum(one.alarms.grown - then.alarms.grown for one, then in now),
            suspicions=sum(one.suspicions.grown - then.suspicions.grown for one, then in now),
            replayed=ReplayedDecisions.of(
                replayed_by(gateways.get(one, KnownGateway()), self.kind, self.order)
                for one in self.ring
            ),
        )

    def _then(self, name: GatewayId) -> KnownGateway:
        return self.before.get(name, KnownGateway())

    def _reasons(
        self,
        answers: Mapping[GatewayId, tuple[OrderAnswer, str]],
        gateways: Mapping[GatewayId, KnownGateway],
        facts: RingFacts,
        now_s: float,
    ) -> Iterator[str]:
        for refused in REFUSED:
            who = {name: why for name, (word, why) in answers.items() if word == refused}
            yield from _said(refused, who)
        newer = {one: f"version {version}" for one, version in self._overtaken(gateways)}
        yield from _said("a newer order was given to", newer)
        late = now_s - self.began_s > self.limits.answer_s
        unanswered = {one: answers[one][0] for one in self.judged if answers[one][0] != "applied"}
        yield from _said("without an answer in time", unanswered if late else {})
        over = [
            one for one, since in self.troubled_s.items() if now_s - since > self.limits.grace_s
        ]
        yield from _said("silent or worse", {one: _ailment(gateways.get(one)) for one in over})
        yield from self._beyond(facts, now_s)
        if all(answers[one][0] == "applied" for one in self.ring):
            yield from facts.replayed.beyond(self.limits.replay)

    def _overtaken(
        self, gateways: Mapping[GatewayId, KnownGateway]
    ) -> Iterator[tuple[GatewayId, int]]:
        for name in self.all_members:
            desired = gateways.get(name, KnownGateway()).desired.get(self.kind)
            if desired is not None and desired.version > self.order.version:
                yield name, desired.version

    def _beyond(self, facts: RingFacts, now_s: float) -> Iterator[str]:
        limits = self.limits
        if facts.missed > limits.max_missed:
            yield f"{facts.missed} audited misses, over {limits.max_missed}"
        hours = max(limits.watch_s, now_s - self.began_s) / 3600 * max(1, len(self.all_members))
        for word, count, most in (
            ("alarms", facts.alarms, limits.max_alarms_per_h),
            ("suspicions", facts.suspicions, limits.max_suspicions_per_h),
        ):
            if count > most * hours:
                yield f"{count} {word} in {hours:.2f} gateway hours, over {most:g} an hour"


def ring_members(
    ring: str, members: Iterable[GatewayId], groups: Mapping[GatewayId, Iterable[str]], salt: str
) -> set[GatewayId]:
    """Of `members`, those in the ring: `10%` by the hash of `salt` and name, else a group."""
    share = percent_in(ring)
    if share is not None:
        return {one for one in members if percent_of(one, salt) < share}
    return {one for one in members if ring in groups.get(one, ())}


def is_ring(text: str) -> bool:
    """Whether it names a ring: `1%` to `100%`, or a group."""
    return percent_in(text) is not None or is_name(text)


def percent_in(ring: str) -> int | None:
    """The number in `10%`."""
    number = ring.removesuffix("%")
    if number == ring or not (number.isascii() and number.isdecimal() and len(number) <= 3):
        return None
    return int(number) if 1 <= int(number) <= 100 else None


def unwell(
    names: Iterable[GatewayId], gateways: Mapping[GatewayId, KnownGateway]
) -> list[GatewayId]:
    """Those whose health is not in order."""
    return sorted(one for one in names if _is_unwell(gateways.get(one, KnownGateway())))


def _is_unwell(known: KnownGateway) -> bool:
    return known.health in ("degraded", "unhealthy")


def _ailment(known: KnownGateway | None) -> str:
    if known is None or not known.online:
        return "silent" if known is None else f"it is {known.presence or 'unknown'}"
    return f"{known.health}: {', '.join(known.problems)}"


def _said(what: str, who: Mapping[GatewayId, str]) -> Iterator[str]:
    if not who:
        return
    named = [f"{name} ({why})" if why else name for name, why in sorted(who.items())[:_NAMED]]
    more = f" and {len(who) - _NAMED} more" if len(who) > _NAMED else ""
    yield f"{what}: {', '.join(named)}{more}"
