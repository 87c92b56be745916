"""What changed, as it happens: one look at the index for all who watch.

SHELL (asyncio). While somebody watches, the index is asked twice a second what was written, looking
back a little, for a transaction may end after one that began later. Who watches gets the alarms'
ids and looks at them by himself, with his own rights. A stream ends with its session. Called by
`wall`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from cloud.index.alarm_index import AlarmIndex
from cloud.index.summary import AlarmSummary
from service.clock import Clock

LOOK_S = 0.5
_BACK = timedelta(seconds=3)
_REMEMBERED = 2000
HEARTBEAT_S = 15.0
MOST_CHANGED = 500
"""Of one look."""
MAX_WATCHERS = 200
MAX_OF_ACCOUNT = 20
"""Pages of one person: nobody takes the others' places."""

Sight = Callable[[], Callable[[str], bool] | None]
"""Says of a gateway whether its alarms are for who watches, as of now; None: no session."""


@dataclass(eq=False, slots=True)
class Watcher:
    """One open page of an account; what it has not been told yet."""

    account: int
    sees: Callable[[str], bool]
    changed: set[str] = field(default_factory=set)
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class LiveFeed:
    """Runs in one event loop, from the first watcher on."""

    def __init__(self, index: AlarmIndex, clock: Clock) -> None:
        self._index, self._clock = index, clock
        self._watchers: set[Watcher] = set()
        self._looking: asyncio.Task[None] | None = None
        self._seen: dict[str, AlarmSummary] = {}
        self._from: datetime = clock.now()

    def is_full(self, account: int) -> bool:
        """Whether no more can watch, or no more of this account."""
        own = sum(one.account == account for one in self._watchers)
        return len(self._watchers) >= MAX_WATCHERS or own >= MAX_OF_ACCOUNT

    async def watch(self, account: int, sight: Sight) -> AsyncIterator[str]:
        """Server-sent events until `sight` says that the session is over."""
        watcher = Watcher(account, lambda _: False)
        self._watchers.add(watcher)
        if self._looking is None or self._looking.done():
            self._from = self._clock.now()
            self._looking = asyncio.create_task(self._look())
        try:
            sees = await asyncio.to_thread(sight)
            words = "retry: 2000\nevent: ready\ndata: {}\n\n"
            while sees is not None:
                watcher.sees = sees
                yield words
                await _woken(watcher)
                sees = await asyncio.to_thread(sight)
                words = _news(watcher, sees) if sees is not None else ""
            yield "event: over\ndata: {}\n\n"
        finally:
            self._watchers.discard(watcher)

    async def _look(self) -> None:
        while self._watchers:
            since, now = self._from - _BACK, self._clock.now()
            try:
                found = await asyncio.to_thread(self._index.changed_since, since, MOST_CHANGED)
            except SQLAlchemyError:  # the database is away: pages say so when they are asked for
                found = ()
            else:
                self._from = now
            self._tell([one for one in found if self._seen.get(one.report_id) != one])
            self._remember(found)
            if len(found) >= MOST_CHANGED:  # there are more: pages ask for all that they show
                for watcher in self._watchers:
                    watcher.woken.set()
            await asyncio.sleep(LOOK_S)

    def _remember(self, found: tuple[AlarmSummary, ...]) -> None:
        for one in found:
            self._seen.pop(one.report_id, None)
            self._seen[one.report_id] = one
        for old in list(self._seen)[: max(0, len(self._seen) - _REMEMBERED)]:
            del self._seen[old]

    def _tell(self, news: list[AlarmSummary]) -> None:
        for watcher in self._watchers:
            mine = {one.report_id for one in news if watcher.sees(one.gateway)}
            if mine:
                watcher.changed |= mine
                watcher.woken.set()


async def _woken(watcher: Watcher) -> None:
    """By news, or to say that the stream lasts."""
    with suppress(TimeoutError):
        await asyncio.wait_for(watcher.woken.wait(), HEARTBEAT_S)


def _news(watcher: Watcher, sees: Callable[[str], bool]) -> str:
    """What came while it waited, by the rights that it has now."""
    if not watcher.woken.is_set():
        return ": still here\n\n"
    watcher.woken.clear()
    told, watcher.changed = sorted(watcher.changed), set()
    mine = [one for one in told if sees(one.partition(".")[0])]
    return f"event: changed\ndata: {json.dumps(mine)}\n\n"
