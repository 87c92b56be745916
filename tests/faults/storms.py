"""A storm of bad answers of the store while cameras send, and what must be seen in it and after."""

from __future__ import annotations

from tests.faults.cameras import cameras
from tests.faults.front import Fault, Front
from tests.faults.layout import Ears, Layout, raised, twice, until, waited
from tests.system.sites import Edge

LOST_S = 60.0
MEETINGS = 3
"""So often a storm is met at least: each request that hangs was given up, and tried again."""


def weather(layout: Layout, ears: Ears, daemon: Edge, front: Front, storm: Fault) -> None:
    """Suspicions before, in and after the storm; then everything is delivered."""
    until(lambda: daemon.health().get("status") == "ok", "healthy at first")
    with cameras(layout, number=4, pause_s=0.5) as sending:
        until(lambda: len(raised(daemon)) > 0, "suspicions")
        front.fault, before = storm, front.faulted
        said = len(ears.site.on("gw/stats"))
        until(lambda: front.faulted >= before + MEETINGS, "the storm is met")
        assert ears.site.wait(lambda: len(ears.site.on("gw/stats")) > said + 2), "no sign of life"
        assert daemon.get("/healthz")[0] == 200
        front.fault = None
        count = len(raised(daemon))
        until(lambda: len(raised(daemon)) > count, "suspicions after the storm")
        sending.stop()
    until(lambda: set(daemon.health().get("outbox", {})) <= {"done"}, "all is delivered")


def nothing_lost_nothing_twice(ears: Ears, daemon: Edge) -> None:
    """Every suspicion was confirmed, as the picture deserves, and that was told once."""
    waited(lambda: ears.decided() >= raised(daemon), LOST_S)
    assert set(ears.at_site()) == {(report_id, "confirmed") for report_id in raised(daemon)}
    assert twice(ears.at_site()) == {}
    assert ears.at_cloud() == {}
    assert daemon.events("suspicion_lost") == []
    assert daemon.process.poll() is None, "the daemon ended"
    assert len(daemon.events("daemon_started")) == 1
