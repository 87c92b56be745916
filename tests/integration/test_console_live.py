"""The stream of what changed: whose it is, by which rights, and how many one person has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cloud.console.live import MAX_OF_ACCOUNT, MOST_CHANGED, LiveFeed
from cloud.console.parts import ConsoleParts
from tests.alarms import received, report_of
from tests.consoles import parts_in
from tests.fakes import ManualClock
from tests.pictured_alarms import raise_alarm

Rights = Callable[[str], bool] | None


@pytest.fixture
def parts(tmp_path: Path) -> ConsoleParts:
    return parts_in(tmp_path, ManualClock())


def all_of_them(_gateway: str) -> bool:
    return True


def none_of_them(_gateway: str) -> bool:
    return False


async def told(stream: AsyncIterator[str]) -> str:
    return await asyncio.wait_for(anext(stream), 60)


@pytest.mark.parametrize(
    ("later", "said"),
    [(None, "event: over"), (none_of_them, "event: changed\ndata: []")],
)
def test_what_came_is_told_by_the_rights_of_the_moment_in_which_it_is_told(
    parts: ConsoleParts, later: Rights, said: str
) -> None:
    async def watch() -> None:
        rights: list[Rights] = [all_of_them]
        stream = parts.live.watch(1, lambda: rights[0])
        assert "event: ready" in await told(stream)
        first = raise_alarm(parts, 1, parts.clock.now())
        assert first in await told(stream)
        raise_alarm(parts, 2, parts.clock.now())
        rights[0] = later
        assert said in await told(stream)

    asyncio.run(watch())


def test_one_person_takes_nobody_elses_place(parts: ConsoleParts) -> None:
    async def watch(feed: LiveFeed) -> None:
        streams = [feed.watch(1, lambda: all_of_them) for _ in range(MAX_OF_ACCOUNT)]
        for stream in streams:
            assert not feed.is_full(1)
            await told(stream)
        assert feed.is_full(1)
        assert not feed.is_full(2)

    asyncio.run(watch(parts.live))


def test_where_more_changed_than_one_look_sees_pages_ask_for_all(parts: ConsoleParts) -> None:
    async def watch() -> None:
        stream = parts.live.watch(1, lambda: none_of_them)
        await told(stream)
        reports = [report_of(number) for number in range(MOST_CHANGED)]
        parts.access.index.replace({one.report_id: [received(one)] for one in reports})
        assert await told(stream) == "event: changed\ndata: []\n\n"

    asyncio.run(watch())
