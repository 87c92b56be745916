"""A disk that is full, without inodes or read-only, at the start and while the daemon runs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from tests.disks import Fault, disk, failing
from tests.faults.cameras import cameras
from tests.faults.layout import Ears, Layout, raised, twice, until
from tests.system.sites import Edge

RUNNING: list[Fault] = ["full", "inodes"]
"""The kernel makes no disk read-only on which files are open for writing; what a daemon does on one
that becomes so is seen under the shim."""
SUSPICIONS = 6


def config(layout: Layout, **deliver: object) -> dict[str, Any]:
    outbox = {"path": str(layout.folder / "outbox"), "min_free_bytes": 0}
    return layout.config(outbox=outbox, **deliver)


def reasons(daemon: Edge) -> dict[str, str]:
    """Why health is not `ok`, each with its detail."""
    return {one["reason"]: one["detail"] for one in daemon.health().get("reasons", ())}


def linked(daemon: Edge) -> None:
    """Waits until both brokers are there and anything that may be wrong is the disk's."""
    until(lambda: bool(daemon.health()) and "link_down" not in reasons(daemon), what="both links")


def raise_some(layout: Layout, daemon: Edge, count: int) -> None:
    """So many more suspicions, each raised while the disk is as it is."""
    before = len(raised(daemon))
    with cameras(layout, pause_s=0.3) as sending:
        until(lambda: len(raised(daemon)) >= before + count, what="suspicions")
        sending.stop()


def unconfirmed_once(ears: Ears, daemon: Edge) -> None:
    """Everything raised was told at the site, as nobody answered, and once."""
    wanted = {(report, "unconfirmed") for report in raised(daemon)}
    assert ears.site.wait(lambda: ears.at_site().keys() >= wanted, 120.0)
    assert twice(ears.at_site()) == {}


def all_told(ears: Ears, daemon: Edge) -> None:
    assert ears.site.wait(lambda: ears.decided() == raised(daemon), 120.0)
    assert twice(ears.at_site()) == {}


def test_what_a_full_disk_does_not_take_is_delivered_and_health_says_why(layout: Layout) -> None:
    with disk(layout.folder / "outbox") as outbox, layout.ears() as ears, layout.workers():
        with layout.edge(config(layout)) as daemon:
            linked(daemon)
            raise_some(layout, daemon, 2)
            with failing(outbox, "full"):
                raise_some(layout, daemon, SUSPICIONS)
                until(lambda: "disk_unusable" in reasons(daemon), what="health says so")
                assert "held in memory" in reasons(daemon)["disk_unusable"]
                all_told(ears, daemon)
            until(lambda: "disk_unusable" not in reasons(daemon), what="it recovers by itself")
            assert daemon.events("suspicion_lost") == daemon.events("outbox_evicted") == []
            assert daemon.process.poll() is None
            daemon.process.kill()
        with layout.edge(config(layout)) as daemon:
            linked(daemon)
            assert daemon.health()["outbox"].keys() <= {"done"}
            assert daemon.events("outbox_repaired") == []
            assert twice(ears.at_site()) == {}


@pytest.mark.parametrize("fault", RUNNING)
def test_without_the_cloud_they_are_told_at_the_site_and_kept_when_there_is_room(
    layout: Layout, fault: Fault
) -> None:
    settings = config(layout, deadline_s=5, late_s=3600)
    with disk(layout.folder / "outbox") as outbox, layout.ears() as ears:
        with layout.edge(settings) as daemon:
            linked(daemon)
            with failing(outbox, fault):
                raise_some(layout, daemon, SUSPICIONS)
                unconfirmed_once(ears, daemon)
            until(lambda: "disk_unusable" not in reasons(daemon), what="it recovers by itself")
            daemon.process.kill()
        with layout.edge(settings) as daemon:
            linked(daemon)
            assert sum(daemon.health()["outbox"].values()) == len(raised(daemon))
            assert daemon.events("outbox_evicted") == []
            unconfirmed_once(ears, daemon)


@pytest.mark.parametrize("fault", ["full", "inodes", "read_only"])
def test_a_start_on_such_a_disk_watches_from_memory_and_recovers(
    layout: Layout, fault: Fault
) -> None:
    settings = config(layout, deadline_s=5, late_s=3600)
    with (
        disk(layout.folder / "outbox") as outbox,
        layout.ears() as ears,
        ExitStack() as running,
    ):
        with failing(outbox, fault):
            daemon = running.enter_context(layout.edge(settings))
            linked(daemon)
            assert "disk_unusable" in reasons(daemon)
            raise_some(layout, daemon, SUSPICIONS)
            unconfirmed_once(ears, daemon)
        until(lambda: "disk_unusable" not in reasons(daemon), what="it recovers by itself")
        raise_some(layout, daemon, 2)
        unconfirmed_once(ears, daemon)
        reports = {report.report_id for report in ears.cloud.reports() if not report.audit}
        assert reports == raised(daemon)
