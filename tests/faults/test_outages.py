"""Outages of an hour and of a day on a simulated clock, with the real outbox, courier, verdicts and
notifiers: nothing is lost or told twice, the site is told in time, nobody hammers at a closed door.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.simulated import ANSWERS_AFTER_S, Simulation

HOUR_S, DAY_S = 3600.0, 86_400.0
SETTLED_S = 1800.0
MOST_TRIES_A_MINUTE = 12.0
"""At a server that is away, whatever waits for it: about one probe in five seconds."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that is possible: a day has many thousand writes, and none is cut short."""
    memory = Path("/dev/shm")  # noqa: S108, a folder of our own in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


def everything_confirmed(world: Simulation) -> None:
    assert {told for told in world.broker.told() if told[1] == "confirmed"} == {
        (report_id, "confirmed") for report_id in world.raised
    }
    assert set(world.broker.told().values()) == {1}
    assert world.site.losses == []
    assert set(world.outbox.depth().entries) == {"done"}


def told_in_time(world: Simulation) -> None:
    """Whatever the cloud says later, the site hears of each by its deadline."""
    first: dict[str, float] = {}
    for at_s, verdict in world.broker.verdicts:
        first.setdefault(verdict.report_id, at_s)
    late = {
        report_id: first[report_id] - raised_s
        for report_id, raised_s in world.raised.items()
        if first[report_id] - raised_s > world.deliver.deadline_s + 2 * world.step_s
    }
    assert late == {}


@pytest.mark.parametrize("away", ["cloud", "store", "cloud and store"])
@pytest.mark.parametrize(
    ("outage_s", "every_s", "step_s"),
    [(HOUR_S, 60.0, 1.0), (DAY_S, 120.0, 20.0)],
    ids=["hour", "day"],
)
def test_everything_is_delivered_after_an_outage_and_the_site_was_told_in_time(
    folder: Path, away: str, outage_s: float, every_s: float, step_s: float
) -> None:
    world = Simulation(folder, step_s=step_s)
    world.run(60, every_s=20)
    world.cloud.up, world.store.up = "cloud" not in away, "store" not in away
    tries = world.cloud.tries + world.store.tries
    world.run(outage_s, every_s=every_s)
    tries = world.cloud.tries + world.store.tries - tries
    assert tries / (outage_s / 60) <= MOST_TRIES_A_MINUTE
    world.cloud.up = world.store.up = True
    world.run(SETTLED_S)
    everything_confirmed(world)
    told_in_time(world)
    edge_said = [verdict for _, verdict in world.cloud.verdicts]
    assert len(edge_said) == len({v.report_id for v in edge_said}), "told twice at the cloud"


def test_after_an_outage_the_most_severe_goes_first(folder: Path) -> None:
    world = Simulation(folder)
    world.cloud.up = False
    world.run(HOUR_S, every_s=60)
    severe = {world.suspect(severity=4) for _ in range(3)}
    world.run(120)
    world.cloud.up = True
    fresh = world.suspect(severity=4)
    world.run(SETTLED_S)
    order = [report_id for _, report_id in world.cloud.reports]
    assert {*order[:4]} == {*severe, fresh}
    everything_confirmed(world)


def test_the_quota_holds_through_a_day_and_the_least_severe_and_oldest_goes(
    folder: Path,
) -> None:
    world = Simulation(folder, step_s=10.0, max_bytes=2_000_000)
    world.cloud.up = world.store.up = False
    fullest = 0
    for number in range(200):
        world.suspect(severity=3 if number % 10 == 0 else 2, size=20_000)
        world.run(DAY_S / 200)
        fullest = max(fullest, world.outbox.depth().bytes)
    assert fullest <= 2_000_000
    lost = {loss.report_id for loss in world.site.losses}
    assert len(lost) == len(world.site.losses) > 50
    assert {world.severities[report_id] for report_id in lost} == {2}
    world.cloud.up = world.store.up = True
    world.run(SETTLED_S)
    kept = set(world.raised) - lost
    assert {id_ for id_, said in world.broker.told() if said == "confirmed"} == kept
    assert set(world.broker.told().values()) == {1}


def test_a_third_destination_that_is_dead_for_a_day_delays_no_other(folder: Path) -> None:
    world = Simulation(folder, step_s=10.0, third=True)
    world.pager.up = False
    tries = world.pager.tries
    world.run(DAY_S - HOUR_S, every_s=120)
    assert (world.pager.tries - tries) / ((DAY_S - HOUR_S) / 60) <= MOST_TRIES_A_MINUTE
    delays = [at_s - world.raised[verdict.report_id] for at_s, verdict in world.broker.verdicts]
    assert len(delays) >= len(world.raised) - 1
    assert max(delays) <= ANSWERS_AFTER_S + 2 * world.step_s
    world.pager.up = True
    world.run(SETTLED_S)
    everything_confirmed(world)
    assert world.pager.told() == world.broker.told()
