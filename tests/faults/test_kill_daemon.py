"""SIGKILL of the daemon at random points under load: nothing that it took is lost, nothing is told
twice, and it always starts again.

`KILLS` says how often (50); `SEED` repeats a run. A picture counts as taken once the site's broker
has acknowledged it to the camera, whether or not the daemon was there at that moment. One thing no
sender can know: whether the broker took what was under way at the very moment of a kill. That
alone, one message per destination and kill, may be told again by the next life.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from contract.report import ThreatReport
from objectstore.open import open_store
from tests.faults.cameras import cameras
from tests.faults.conftest import open_layout, scaled
from tests.faults.layout import Ears, Layout, Told, raised, until, waited
from tests.system.sites import Edge

KILLS = scaled("KILLS", 50)
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(10**6)))
LOST_S = 60.0
"""Without anything under way, what has not come by then is lost."""
STARTS_S = 0.3
"""What is heard so soon after a kill was said before it: the next life has not even started."""
BEFORE_READY = 0.2
"""The share of kills that meet the start."""

pytestmark = pytest.mark.timeout(60 + 40 * KILLS)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What was seen over all lives of the daemon."""

    starts: list[int | None]
    """How each life had ended before it was killed: None if it was alive."""
    raised: set[str]
    taken: set[datetime]
    pictured: set[datetime]
    decided: set[str]
    killed_at: list[float]
    at_site: dict[Told, list[float]]
    at_cloud: dict[Told, list[float]]
    reports: list[ThreatReport]
    unstored: list[str]


def live_and_die(layout: Layout, rng: random.Random) -> tuple[int | None, float]:
    """One life, to a random moment; its exit status if it ended by itself, and when it was over."""
    ready = layout.log.read_text().count('"daemon_ready"')
    pause = threading.Event()
    with layout.edge() as daemon:
        if rng.random() < BEFORE_READY:
            pause.wait(rng.uniform(0.0, 3.0))
        else:
            until(lambda: daemon.process.poll() is not None or starts(daemon) > ready, "a start")
            pause.wait(rng.uniform(0.0, 4.0))
        status = daemon.process.poll()
        daemon.process.kill()
        daemon.process.wait()
        return status, time.monotonic() + STARTS_S


def starts(daemon: Edge) -> int:
    return len(daemon.events("daemon_ready"))


def settle(daemon: Edge, ears: Ears, taken: set[datetime]) -> None:
    """Waits until nothing is on its way any more; what is lost is for the tests to say."""
    until(lambda: starts(daemon) > 0 and bool(daemon.health()), "the last start")
    waited(lambda: ears.pictured() >= taken, LOST_S)
    until(lambda: set(daemon.health().get("outbox", {})) <= {"done"}, "all is delivered")
    waited(lambda: ears.decided() >= raised(daemon), LOST_S)


def unstored(layout: Layout, reports: list[ThreatReport]) -> list[str]:
    """Keys of evidence that does not lie in the store as the report says."""
    store = open_store(layout.store.now.spec())
    sizes = {ref.key: ref.bytes for report in reports for ref in report.evidence}
    return [key for key, size in sizes.items() if len(store.get(key, 10_000_000)) != size]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder: Path = tmp_path_factory.mktemp("kills")
    rng = random.Random(SEED)
    with (
        open_layout(folder, "kills") as layout,
        layout.workers(),
        layout.ears() as ears,
    ):
        with layout.edge() as daemon:  # before the first contact no broker keeps anything for it
            until(lambda: daemon.health().get("status") == "ok", "a first start")
        with cameras(layout, pause_s=0.25, most_open=16) as sending:
            ended = [live_and_die(layout, rng) for _ in range(KILLS)]
            sending.stop()
        with layout.edge() as daemon:
            settle(daemon, ears, set(sending.taken))
            reports = ears.cloud.reports()
            yield Run(
                starts=[status for status, _ in ended],
                killed_at=[at_s for _, at_s in ended],
                raised=raised(daemon),
                taken=set(sending.taken),
                pictured=ears.pictured(),
                decided=ears.decided(),
                at_site=ears.times_at_site(),
                at_cloud=ears.times_at_cloud(),
                reports=reports,
                unstored=unstored(layout, reports),
            )


def test_it_starts_every_time_and_runs_until_it_is_killed(run: Run) -> None:
    assert [status for status in run.starts if status is not None] == [], SEED


def test_every_suspicion_that_was_said_to_be_raised_is_decided(run: Run) -> None:
    assert len(run.raised) > KILLS, "too little load to say anything"
    assert run.raised - run.decided == set(), SEED


def test_every_picture_that_the_broker_took_is_evaluated(run: Run) -> None:
    assert run.taken - run.pictured == set(), f"{len(run.taken)} were taken; {SEED=}"


@pytest.mark.parametrize("destination", ["at_site", "at_cloud"])
def test_no_decision_is_told_twice_at_a_destination(run: Run, destination: str) -> None:
    told: dict[Told, list[float]] = getattr(run, destination)
    again = sorted(pair for times in told.values() for pair in pairwise(times))
    met = [kill for pair in again if (kill := first_kill_between(run.killed_at, *pair)) is not None]
    assert len(met) == len(set(met)) == len(again), f"told again without need; {SEED=}"
    decisions = Counter(report_id for report_id, _ in told)
    assert {r: n for r, n in decisions.items() if n > 1} == {}, "told differently"


def first_kill_between(killed_at: list[float], first_s: float, second_s: float) -> float | None:
    """The first kill after a hearing, if it came before the next hearing of the same."""
    return next((at_s for at_s in killed_at if first_s < at_s < second_s), None)


def test_all_evidence_lies_in_the_store(run: Run) -> None:
    assert run.unstored == []
