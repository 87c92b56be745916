"""The layout itself, without any fault: what the other tests of this folder lean on."""

from __future__ import annotations

from tests.faults.cameras import cameras
from tests.faults.layout import Layout, raised, twice, until


def test_every_suspicion_is_decided_and_told_once_at_each_destination(layout: Layout) -> None:
    with layout.workers(), layout.ears() as ears, layout.edge() as daemon:
        until(lambda: daemon.health().get("status") == "ok", "healthy at both brokers")
        with cameras(layout) as sending:
            until(lambda: len(raised(daemon)) >= 10, "suspicions")
            sending.stop()
        until(lambda: daemon.health()["outbox"].keys() == {"done"}, "all delivered")
        assert ears.site.wait(lambda: ears.decided() == raised(daemon))
        assert twice(ears.at_site()) == {}
        assert ears.at_cloud() == {}
        assert set(ears.at_site()) == {(r, "confirmed") for r in raised(daemon)}
