"""A gateway whose clock is wrong, the real daemon under libfaketime: what it raised is delivered
once the clock is right, whatever age it seems to have; and a clock that jumps ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.cameras import cameras
from tests.faults.conftest import open_layout
from tests.faults.layout import Ears, Layout, raised, twice, until, waited
from tests.system.sites import Edge

LOST_S = 60.0

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    with open_layout(tmp_path_factory.mktemp("clock"), "clock") as layout, layout.workers():
        yield layout


def faked(file: Path) -> dict[str, str]:
    """Wall time as `file` says, changed whenever it changes; durations stay true."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("libfaketime is not installed: apt-get install libfaketime")
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def delivered(layout: Layout, daemon: Edge, ears: Ears) -> None:
    until(lambda: set(daemon.health().get("outbox", {})) <= {"done"}, "all is delivered")
    waited(lambda: ears.decided() >= raised(daemon), LOST_S)
    assert raised(daemon) - ears.decided() == set()
    assert twice(ears.at_site()) == {}
    for loss in ("outbox_evicted", "suspicion_lost", "entry_buried"):
        assert daemon.events(loss) == [], layout.log


@pytest.mark.parametrize("wrong", ["@1970-01-02 00:00:00", "@2020-01-01 00:00:00", "-30d", "+30d"])
def test_what_was_raised_by_a_wrong_clock_is_delivered_by_a_right_one(
    servers: Layout, tmp_path: Path, wrong: str
) -> None:
    layout, clock = servers.afresh(tmp_path.name), tmp_path / "clock"
    clock.write_text(wrong)
    with layout.ears() as ears:
        with layout.edge(environ=faked(clock)) as daemon:
            until(lambda: bool(daemon.events("daemon_ready")), "a start")
            with cameras(layout, number=4, pause_s=0.3) as sending:
                until(lambda: len(raised(daemon)) > 4, "suspicions")
                sending.stop()
            daemon.process.kill()
            daemon.process.wait()
        with layout.edge() as daemon:
            until(lambda: len(daemon.events("daemon_ready")) > 1, "a start")
            delivered(layout, daemon, ears)


def test_a_clock_that_jumps_while_it_runs_ends_and_loses_nothing(
    servers: Layout, tmp_path: Path
) -> None:
    layout, clock = servers.afresh(tmp_path.name), tmp_path / "clock"
    clock.write_text("+0")
    with layout.ears() as ears, layout.edge(environ=faked(clock)) as daemon:
        until(lambda: daemon.health().get("status") == "ok", "healthy at first")
        with cameras(layout, number=4, pause_s=0.3) as sending:
            for offset in ("+30d", "-30d", "+2h", "@1970-01-02 00:00:00", "+0"):
                count = len(raised(daemon))
                until(lambda: len(raised(daemon)) > count + 1, f"suspicions before {offset}")  # noqa: B023
                clock.write_text(offset)
                said = len(ears.site.on("gw/stats"))
                assert ears.site.wait(lambda: len(ears.site.on("gw/stats")) > said + 1)  # noqa: B023
            sending.stop()
        delivered(layout, daemon, ears)
        assert daemon.process.poll() is None
        assert len(daemon.events("daemon_started")) == 1
