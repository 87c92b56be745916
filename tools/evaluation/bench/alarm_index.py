"""`python -m tools.evaluation.bench.alarm_index --url URL`: how long the wall waits for the index.

Fills an empty database with alarms (by default a million, over two years of 200 cameras) and asks
what the wall asks: first pages, filters, words, a page deep inside, counts. Prints the median and
the slowest of several tries, after one that warms the caches.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

from sqlalchemy import Engine, func, insert, select, text

from cloud.index.alarm_index import AlarmIndex
from cloud.index.database import open_index, writing
from cloud.index.queries import AlarmFilter, PageEnd, WallOrder
from cloud.index.schema import AlarmRow
from contract.ids import CameraId, GatewayId, ReportId
from service.clock import SystemClock
from tools.evaluation.bench.stopwatch import this_machine

NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
SPAN_S = 2 * 365 * 86_400
GATEWAYS, CAMERAS = 40, 5
BATCH = 5000
_LABELS = ("person", "car", "truck", "dog", "bicycle")
_SHARES = (50, 30, 8, 8, 4)
_STATES = ("confirmed", "refuted", "inconclusive", "unconfirmed")
_STATE_SHARES = (20, 76, 2, 2)
_PLACES = ("drive", "yard", "gate", "roof", "dock", "fence", "hall", "court")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitOnIndex:
    """One question: median and slowest, in milliseconds, and how many alarms it found."""

    question: str
    median_ms: float
    slowest_ms: float
    found: int


def fill(engine: Engine, count: int) -> None:
    """`count` alarms, most of them closed; the newest few hundred are open."""
    chosen = random.Random(14)
    rows: list[dict[str, object]] = []
    for number in range(count):
        rows.append(_row(number, count, chosen))
        if len(rows) == BATCH or number == count - 1:
            with writing(engine) as connection:
                connection.execute(insert(AlarmRow), rows)
            rows.clear()
    with writing(engine) as connection:
        connection.execute(text("ANALYZE"))


def _row(number: int, count: int, chosen: random.Random) -> dict[str, object]:
    age = count - number
    gateway = GatewayId(f"site-{chosen.randrange(GATEWAYS):02}")
    camera = CameraId(f"{chosen.choice(_PLACES)}-{chosen.randrange(CAMERAS)}")
    label, state = (
        chosen.choices(_LABELS, _SHARES)[0],
        chosen.choices(_STATES, _STATE_SHARES)[0],
    )
    at = NEWEST - timedelta(seconds=SPAN_S * age / count)
    report_id = f"{gateway}.{camera}.1.{number}.0"
    note = f"plate {number:07}" if number % 997 == 0 else ""
    open_ = age <= 300
    return {
        "report_id": report_id,
        "gateway": gateway,
        "camera": camera,
        "label": label,
        "severity": 0 if state == "refuted" else 3 if label == "person" else 2,
        "rule": label,
        "raised_at": at,
        "received_at": at + timedelta(seconds=2),
        "state": "pending" if age <= 5 else state,
        "decided_at": at + timedelta(seconds=4),
        "score": round(chosen.random(), 3),
        "edge_score": round(chosen.random(), 3),
        "votes": {},
        "on_test": False,
        "audit": number % 50 == 0,
        "picture_key": f"evidence/{gateway}/{camera}/2026/01/01/{number:064x}.jpg",
        "work": "open" if open_ or state == "refuted" else "closed",
        "claimed_by": None if open_ or state == "refuted" else chosen.choice(("ann", "bob")),
        "outcome": None if open_ or state == "refuted" else chosen.choice(("real", "false")),
        "parked_until": None,
        "escalated_to": None,
        "actions": 0 if open_ else 2,
        "words": f"{report_id} {gateway} {camera} {label} {chosen.choice(_PLACES)} {note}",
        "written_at": at + timedelta(seconds=60),
    }


def questions(index: AlarmIndex) -> Iterator[tuple[str, Callable[[], int]]]:
    """What the wall asks, in words, and how many alarms came."""
    month = NEWEST - timedelta(days=30)
    one, some = GatewayId("site-07"), frozenset(GatewayId(f"site-{n:02}") for n in range(5))
    filters = {
        "open, the most severe first (the wall)": AlarmFilter(
            work=frozenset({"open"}), states=frozenset({"confirmed", "unconfirmed", "pending"})
        ),
        "everything": AlarmFilter(),
        "one site": AlarmFilter(gateways=frozenset({one})),
        "five sites": AlarmFilter(gateways=some),
        "one camera": AlarmFilter(gateways=frozenset({one}), camera=CameraId("yard-3")),
        "a rare class": AlarmFilter(labels=frozenset({"bicycle"})),
        "severity 3 and above": AlarmFilter(min_severity=3),
        "confirmed": AlarmFilter(states=frozenset({"confirmed"})),
        "claimed by somebody": AlarmFilter(claimed_by="ann"),
        "marked false": AlarmFilter(outcomes=frozenset({"false"})),
        "the last month": AlarmFilter(since=month),
        "a month a year ago": AlarmFilter(
            since=month - timedelta(days=365), until=NEWEST - timedelta(days=365)
        ),
        "a common word": AlarmFilter(words=("person",)),
        "a rare word": AlarmFilter(words=("0498500",)),
        "a word that is nowhere": AlarmFilter(words=("zeppelin",)),
    }
    for name, wanted in filters.items():
        for order in WallOrder:
            yield f"{name}; by {order}", partial(_paged, index, wanted, order)
    deep = PageEnd(
        severity=2, raised_at=NEWEST - timedelta(days=400), report_id=ReportId("site-20.")
    )
    yield "a page deep inside", lambda: len(index.page(AlarmFilter(), after=deep).alarms)
    yield "counts of what is open", lambda: index.counts(filters_open()).total
    yield "counts of everything", lambda: index.counts(AlarmFilter()).total


def _paged(index: AlarmIndex, wanted: AlarmFilter, order: WallOrder) -> int:
    return len(index.page(wanted, order).alarms)


def filters_open() -> AlarmFilter:
    """What nobody has dealt with, and was not refuted."""
    return AlarmFilter(
        work=frozenset({"open"}), states=frozenset({"confirmed", "unconfirmed", "pending"})
    )


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
