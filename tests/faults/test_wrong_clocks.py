"""The wall clock stands in 2020 or 1970, or jumps by thirty days: nothing is lost or told twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.layout import Layout, raised, twice
from tests.faults.test_disks import linked, raise_some
from tests.system.daemons import unready
from tests.system.sites import CHECKOUT, Edge

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
DAY_S = 86_400


class Wall:
    """The wall clock of a daemon: what it shows may be set while the daemon runs; its monotonic
    clock stays true."""

    def __init__(self, folder: Path) -> None:
        if not LIBRARIES:
            pytest.skip("libfaketime is not installed: apt-get install libfaketime")
        self._file = folder / "wall"
        self.show("+0")

    def show(self, what: str) -> None:
        """`+86400` and the like from now on, or an absolute time at the start."""
        self._file.write_text(what)

    def environ(self) -> list[str]:
        return [
            f"LD_PRELOAD={LIBRARIES[0]}",
            f"FAKETIME_TIMESTAMP_FILE={self._file}",
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
        ]

    @contextmanager
    def edge(self, layout: Layout, **deliver: object) -> Iterator[Edge]:
        """The daemon under this clock, with a directory as store: a bucket would refuse its
        signatures."""
        store = {"type": "dir", "path": str(layout.folder / "evidence")}
        config = layout.config(store=store, **deliver)
        command = [
            sys.executable,
            "-m",
            "edge",
            "run",
            "--config",
            str(layout.folder / "edge.yaml"),
        ]
        python = f"PYTHONPATH={CHECKOUT}"
        with unready(layout.folder, config, "env", python, *self.environ(), *command) as daemon:
            yield daemon


@pytest.mark.parametrize("start", ["@2020-01-01 00:00:00", "@1970-01-02 00:00:00"])
def test_raised_without_a_clock_nothing_is_lost_when_the_time_is_right(
    layout: Layout, start: str
) -> None:
    wall = Wall(layout.folder)
    wall.show(start)
    with wall.edge(layout) as daemon:
        linked(daemon)
        raise_some(layout, daemon, 3)
        daemon.process.kill()
        daemon.process.wait()
        before = raised(daemon)  # more may come of pictures that the broker keeps meanwhile
    wall.show("+0")
    with layout.ears() as ears, wall.edge(layout, deadline_s=3) as daemon:
        linked(daemon)
        waiting = daemon.health()["outbox"]
        assert sum(waiting.values()) >= len(before) >= 3
        assert ears.site.wait(
            lambda: ears.at_site().keys() == {(r, "unconfirmed") for r in raised(daemon)}
        )
        assert daemon.events("outbox_evicted") == []
        assert twice(ears.at_site()) == {}
        for report in ears.cloud.reports():
            if report.report_id in before:
                assert report.clocksync is False
                assert report.raised_at.year in (1970, 2020)


def test_jumps_of_thirty_days_while_it_runs_lose_and_repeat_nothing(layout: Layout) -> None:
    wall = Wall(layout.folder)
    with layout.ears() as ears, wall.edge(layout, deadline_s=3, late_s=3600) as daemon:
        linked(daemon)
        for jump in (0, 30 * DAY_S, -30 * DAY_S, 0):
            wall.show(f"{jump:+d}")
            raise_some(layout, daemon, 2)
        assert ears.site.wait(
            lambda: ears.at_site().keys() == {(r, "unconfirmed") for r in raised(daemon)}
        )
        assert twice(ears.at_site()) == {}
        assert daemon.events("outbox_evicted") == []
        assert daemon.health()["status"] != "unhealthy"
