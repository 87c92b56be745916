"""Notifications, which destination waits for which verdict: the outbox's table of destinations.

SHELL, under the outbox's lock; any thread may call. One row per report, revision of its decision
and destination, with an end of its own: `delivered`, `refused` (by the destination, for good) or
`given_up` (too old, or too many wait). No destination waits for another. What waits is bounded per
destination by `MOST_WAITING` and by age. Delivered means that the destination acknowledged it: a
process that is killed between the acknowledgement and its record, or a connection that ends before
the acknowledgement, gets the same verdict again, under the same id. Back-off lives in memory, and
ages are counted while the process runs, so no wrong wall clock can end one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pydantic import ValidationError

from contract.ids import ReportId
from contract.verdict import Verdict
from edge.deliver.decision_rows import (
    NOTIFICATION_OUTCOMES,
    DecisionRows,
    NotificationKey,
    NotificationOutcome,
)
from edge.deliver.lag import said_age
from service.clock import Clock
from service.events import Event, log

MOST_WAITING = 1000
"""Verdicts that wait for one destination; of more the least severe, then oldest are given up. At
5 kB each that is 5 MB, and more alarms than anybody reads when the destination is back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A verdict for one destination that has not heard it yet; `age_s` since it was recorded."""

    key: NotificationKey
    verdict: Verdict
    age_s: float

    @property
    def report_id(self) -> ReportId:
        return self.key[0]

    @property
    def destination(self) -> str:
        return self.key[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits for one destination, and how its notifications ended since the start."""

    waiting: int = 0
    oldest_s: float = 0.0
    ended: Mapping[NotificationOutcome, int]

    def as_json(self) -> dict[str, float]:
        """As `stats` and `/healthz` say it."""
        ended: dict[str, float] = {
            state: self.ended.get(state, 0) for state in NOTIFICATION_OUTCOMES
        }
        return {"waiting": self.waiting, "oldest_s": round(self.oldest_s, 1), **ended}


class Notifications:
    """Made by the outbox, which plans notifications when it records a decision."""

    def __init__(
        self,
        rows: DecisionRows,
        locked: Callable[[str], AbstractContextManager[None]],
        clock: Clock,
    ) -> None:
        """`locked(what)` holds the outbox's lock and translates errors; called within it."""
        self._rows = rows
        self._locked = locked
        self._clock = clock
        self._since: dict[NotificationKey, float] = {}
        self._due: dict[NotificationKey, float] = {}
        self._ended: dict[str, Counter[NotificationOutcome]] = {}
        self.recall()

    def recall(self) -> None:
        """Take up what waits in the rows, those too that were out of reach before."""
        for key in self._rows.waiting():
            self._since.setdefault(key, self._clock.mono())

    def keep_only(self, destinations: Sequence[str]) -> None:
        """These are all that there are; what waits for others was for some former configuration."""
        with self._locked("drop former destinations"):
            self._rows.drop_but(destinations)
            for key in [key for key in self._since if key[2] not in destinations]:
                self._forget(key)
            for name in destinations:
                self._ended.setdefault(name, Counter())

    def planned(self, report_id: ReportId) -> None:
        """A decision was recorded; what waits for its destinations begins to age."""
        waiting = self._rows.waiting_of(report_id)
        for key in [key for key in self._since if key[0] == report_id and key not in waiting]:
            self._forget(key)
        for key in waiting:
            self._since.setdefault(key, self._clock.mono())
            self._bound(key[2])

    def next(self, destination: str) -> Notification | None:
        """What `destination` is to be notified of next: the most severe, then oldest that is
        due."""
        with self._locked(f"look for the next notification of {destination}"):
            if not any(key[2] == destination for key in self._since):
                return None
            now = self._clock.mono()
            postponed = sum(key[2] == destination for key in self._due)
            for key in self._rows.waiting_for(destination, postponed + 1):
                if self._due.get(key, now) <= now:
                    notification = self._read(key, now)
                    if notification is not None:
                        return notification
            return None

    def end(
        self, key: NotificationKey, state: NotificationOutcome, reason: str | None = None
    ) -> None:
        """How it went; without effect if a newer decision has taken its place."""
        with self._locked(f"mark {key[0]} {state} at {key[2]}"):
            self._end(key, state, reason)

    def postpone(self, key: NotificationKey, due_mono: float) -> None:
        """It did not go; not before `due_mono` again."""
        with self._locked(f"postpone {key[0]}"):
            if key in self._since:
                self._due[key] = due_mono

    def give_up(self, max_age_s: float) -> None:
        """Ends what has waited for longer."""
        with self._locked("give up old verdicts"):
            now = self._clock.mono()
            for key in [key for key, since in self._since.items() if now - since > max_age_s]:
                self._give_up(key, f"not delivered within {max_age_s:g} s")

    def abandon(self, report_id: ReportId, reason: str) -> None:
        """The entry goes, whatever notification waits."""
        for key in [key for key in self._since if key[0] == report_id]:
            self._give_up(key, reason)

    def waits(self, report_id: ReportId) -> bool:
        """Whether a notification of it waits."""
        return any(key[0] == report_id for key in self._since)

    def backlogs(self) -> dict[str, Backlog]:
        """By destination."""
        with self._locked("count verdicts"):
            now = self._clock.mono()
            return {name: self._backlog(name, now) for name in self._ended}

    def _backlog(self, destination: str, now: float) -> Backlog:
        ages = [now - since for key, since in self._since.items() if key[2] == destination]
        ended = dict(self._ended[destination])
        return Backlog(waiting=len(ages), oldest_s=max(ages, default=0.0), ended=ended)

    def _read(self, key: NotificationKey, now: float) -> Notification | None:
        """None, and it is given up, if its row is damaged."""
        try:
            verdict = Verdict.model_validate_json(self._rows.verdict(key[0]) or "")
        except ValidationError:
            self._give_up(key, "the verdict's row cannot be read")
            return None
        waited_s = now - self._since.get(key, now)
        if verdict.decided_by == "edge":  # what the cloud said is passed on as it was said
            age_s = said_age((verdict.age_s or 0.0) + waited_s)
            verdict = verdict.model_copy(update={"age_s": age_s})
        return Notification(key=key, verdict=verdict, age_s=waited_s)

    def _bound(self, destination: str) -> None:
        too_many = sum(key[2] == destination for key in self._since) - MOST_WAITING
        for key in self._rows.least_of(destination, too_many) if too_many > 0 else ():
            self._give_up(key, f"{MOST_WAITING} others wait for {destination}")

    def _give_up(self, key: NotificationKey, reason: str) -> None:
        if self._end(key, "given_up", reason):
            report_id, _, destination = key
            log(
                Event.NOTIFICATION_FAILED,
                destination=destination,
                report_id=report_id,
                state="given_up",
                reason=reason,
            )

    def _end(self, key: NotificationKey, state: NotificationOutcome, reason: str | None) -> bool:
        ended = self._rows.end(key, state, reason)
        if ended:
            self._ended.setdefault(key[2], Counter())[state] += 1
        self._forget(key)
        return ended

    def _forget(self, key: NotificationKey) -> None:
        self._since.pop(key, None)
        self._due.pop(key, None)
