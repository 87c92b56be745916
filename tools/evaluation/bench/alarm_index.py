"""`python -m tools.evaluation.bench.alarm_index --url URL`: how long the wall waits for the index.

Fills an empty database with alarms (by default a million, over two years) and asks
what the console asks: first pages, filters, words, a page deep inside, counts. Prints the median
and the slowest of several tries, after one that warms the caches.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

from sqlalchemy import Engine, func, select, text

from cloud.console.wall_filter import STATES, WallQuery, alarm_filter
from cloud.index.alarm_index import AlarmIndex
from cloud.index.database import open_index, writing
from cloud.index.queries import AlarmFilter, PageEnd, WallOrder
from cloud.index.schema import AlarmRow, Base
from cloud.index.work import WORK
from contract.ids import GatewayId, ReportId
from service.clock import SystemClock
from tools.evaluation.bench.stopwatch import this_machine

NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
SPAN_S = 2 * 365 * 86_400
_ALARMS = """
INSERT INTO alarms (
    report_id, gateway, camera, label, severity, rule, raised_at, received_at, state, decided_at,
    score, edge_score, votes, on_test, audit, picture_key, work, claimed_by, outcome, actions,
    words, written_at
)
WITH RECURSIVE numbers(n) AS (
    SELECT CAST(0 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last
), drawn AS (
    SELECT n, (n * 7919 + n / 13) % 40 AS g, (n * 104729 + n / 7) % 8 AS p,
        (n * 1299709 + n / 11) % 5 AS c, (n * 15485863 + n / 3) % 100 AS l,
        (n * 32452843 + n / 17) % 100 AS s, :oldest + n * :step AS at
    FROM numbers
), named AS (
    SELECT n, s, at, 'site-' || g AS gateway,
        CASE p WHEN 0 THEN 'drive' WHEN 1 THEN 'yard' WHEN 2 THEN 'gate' WHEN 3 THEN 'roof'
            WHEN 4 THEN 'dock' WHEN 5 THEN 'fence' WHEN 6 THEN 'hall' ELSE 'court' END || '-' || c
            AS camera,
        CASE WHEN l < 50 THEN 'person' WHEN l < 80 THEN 'car' WHEN l < 88 THEN 'truck'
            WHEN l < 96 THEN 'dog' ELSE 'bicycle' END AS label,
        CASE WHEN n > :last - 5 THEN 'pending' WHEN s < 20 THEN 'confirmed'
            WHEN s < 96 THEN 'refuted' WHEN s < 98 THEN 'inconclusive' ELSE 'unconfirmed' END
            AS state
    FROM drawn
)
SELECT gateway || '.' || camera || '.1.' || n || '.0', gateway, camera, label,
    CASE WHEN state = 'refuted' THEN 0 WHEN label = 'person' THEN 3 ELSE 2 END, label, at,
    at + 2000, state, at + 4000, s / 100.0, s / 100.0, '{}', n < 0, n % 50 = 0,
    'evidence/' || gateway || '/' || camera || '/2026/01/01/' || n || '.jpg',
    CASE WHEN n > :last - 300 OR state = 'refuted' THEN 'open' ELSE 'closed' END,
    CASE WHEN n > :last - 300 OR state = 'refuted' THEN NULL WHEN n % 2 = 0 THEN 'ann'
        ELSE 'bob' END,
    CASE WHEN n > :last - 300 OR state = 'refuted' THEN NULL WHEN n % 3 = 0 THEN 'false'
        ELSE 'real' END,
    0,
    gateway || '.' || camera || '.1.' || n || '.0 ' || gateway || ' ' || camera || ' ' || label ||
        CASE WHEN n % 997 = 0 THEN ' plate ' || n ELSE '' END,
    at + 60000
FROM named
"""
"""Of 40 gateways with 40 cameras each, one statement for both databases: half of the alarms are of
persons, three in four are refuted, and one in a thousand has a note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitOnIndex:
    """One question: median and slowest, in milliseconds, and how many alarms it found."""

    question: str
    median_ms: float
    slowest_ms: float
    found: int


_WORDS = "CREATE INDEX alarms_by_words ON alarms USING gin (words gin_trgm_ops)"


def fill(engine: Engine, count: int) -> None:
    """`count` alarms, most of them closed; the newest few hundred are open. Indexes are made
    afterwards, which takes less time."""
    (table,) = [one for one in Base.metadata.sorted_tables if one.name == AlarmRow.__tablename__]
    oldest = NEWEST - timedelta(seconds=SPAN_S)
    step_ms = SPAN_S * 1000 // count
    values = {"last": count - 1, "oldest": int(oldest.timestamp() * 1000), "step": step_ms}
    with writing(engine) as connection:
        for index in table.indexes:
            index.drop(connection)
        words = connection.dialect.name == "postgresql"
        connection.execute(text("DROP INDEX IF EXISTS alarms_by_words"))
        connection.execute(text(_ALARMS), values)
        if words:
            connection.execute(text(_WORDS))
        for index in table.indexes:
            index.create(connection)
        connection.execute(text("ANALYZE"))


def questions(index: AlarmIndex) -> Iterator[tuple[str, Callable[[], int]]]:
    """What the console asks, in words, and how many alarms came."""
    for name, wanted in {**_of_the_wall(), **_of_other_pages()}.items():
        for order in WallOrder:
            yield f"{name}; by {order}", partial(_paged, index, wanted, order)
        yield f"{name}; counts", partial(_counted, index, wanted)
    deep = PageEnd(
        severity=2, raised_at=NEWEST - timedelta(days=400), report_id=ReportId("site-20.")
    )
    yield "a page deep inside", lambda: len(index.page(AlarmFilter(), after=deep).alarms)
    yield "the gateways", lambda: len(index.gateways())


def _of_the_wall() -> dict[str, AlarmFilter]:
    """As the wall's address says it. What is left away is its default: alarms that are not
    refuted and not closed."""
    everything = partial(WallQuery, state="all", work="all")
    asked = {
        "the wall": WallQuery(),
        "the wall, one camera": WallQuery(camera="yard-3"),
        "the wall, a rare class": WallQuery(label="bicycle"),
        "the wall, severity 3 and above": WallQuery(severity=3),
        "the wall, a word": WallQuery(words="person"),
        "everything": everything(),
        "one camera": everything(camera="yard-3"),
        "a rare class": everything(label="bicycle"),
        "severity 3 and above": everything(severity=3),
        "a common word": everything(words="person"),
        "a word of 3 in 100": everything(words="bicycle"),
        "a rare word": everything(words="plate 499497"),
        "a word that is nowhere": everything(words="zeppelin"),
        **{f"all that is {one}": WallQuery(state=one, work="all") for one in STATES},
        **{f"all work that is {one}": WallQuery(state="all", work=one) for one in WORK},
        "all unfinished work, severity 3 and above": WallQuery(state="all", severity=3),
        "mine": WallQuery(work="mine"),
    }
    found = {name: _asked(query) for name, query in asked.items()}
    for name, gateways in {"one site": {7}, "five sites": set(range(5))}.items():
        some = frozenset(GatewayId(f"site-{number}") for number in gateways)
        found[f"the wall, {name}"] = replace(found["the wall"], gateways=some)
        found[name] = replace(found["everything"], gateways=some)
    return found


def _asked(query: WallQuery) -> AlarmFilter:
    return alarm_filter(query, None, "ann", NEWEST + timedelta(hours=1))


def _of_other_pages() -> dict[str, AlarmFilter]:
    month = NEWEST - timedelta(days=30)
    return {
        "closed by somebody": AlarmFilter(claimed_by="ann"),
        "marked false": AlarmFilter(outcomes=frozenset({"false"})),
        "the last month": AlarmFilter(since=month),
        "a month a year ago": AlarmFilter(
            since=month - timedelta(days=365), until=NEWEST - timedelta(days=365)
        ),
    }


def _paged(index: AlarmIndex, wanted: AlarmFilter, order: WallOrder) -> int:
    return len(index.page(wanted, order).alarms)


def _counted(index: AlarmIndex, wanted: AlarmFilter) -> int:
    return index.counts(wanted).total


def measure(question: str, ask: Callable[[], int], tries: int) -> WaitOnIndex:
    """One try warms; the others count."""
    found, times = ask(), []
    for _ in range(tries):
        began = perf_counter()
        ask()
        times.append((perf_counter() - began) * 1000)
    return WaitOnIndex(
        question=question,
        median_ms=round(statistics.median(times), 1),
        slowest_ms=round(max(times), 1),
        found=found,
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.evaluation.bench.alarm_index", description=__doc__
    )
    parser.add_argument("--url", required=True, help="as `index.url`; its database is filled")
    parser.add_argument("--alarms", type=int, default=1_000_000, help="%(default)s")
    parser.add_argument("--tries", type=int, default=9, help="per question (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args(arguments)
    engine = open_index(options.url)
    with engine.connect() as connection:
        there = connection.scalar(select(func.count()).select_from(AlarmRow)) or 0
    if there == 0:
        print(f"writing {options.alarms} alarms ...", file=sys.stderr)
        fill(engine, options.alarms)
    elif there != options.alarms:
        print(f"{options.url} has {there} alarms already: give an empty one", file=sys.stderr)
        return 2
    index = AlarmIndex(engine, SystemClock())
    waits = []
    print("| question | median, ms | slowest, ms | found |\n|---|---:|---:|---:|")
    for question, ask in questions(index):
        one = measure(question, ask, options.tries)
        waits.append(one)
        print(f"| {one.question} | {one.median_ms} | {one.slowest_ms} | {one.found} |", flush=True)
    if options.json:
        found = {"machine": asdict(this_machine()), "waits": [asdict(one) for one in waits]}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
