"""Networks break in more ways than by a refusal. What is wrong on the way to one server delays
nothing at another; once it is over everything arrives, each decision once at each destination.

The cases by the cloud's side and the site's side are strict about what must be seen *while* the
trouble lasts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults.cameras import cameras
from tests.faults.conftest import open_layout
from tests.faults.layout import Ears, Layout, raised, until, waited
from tests.faults.proxy import ACCEPTS_AND_HANGS, BLACK_HOLE, FINE, HALF_OPEN, REFUSES, Trouble
from tests.faults.roads import Roads, roads
from tests.system.sites import Edge

LOST_S = 120.0
PATIENCE_S = 180.0
BACKLOG = 12

pytestmark = pytest.mark.timeout(600)

BROKEN = {
    "black-hole": BLACK_HOLE,
    "half-open": HALF_OPEN,
    "refuses": REFUSES,
    "accepts-and-hangs": ACCEPTS_AND_HANGS,
    "cut-mid-message": Trouble(cut_after_bytes=300),
}
"""Nothing gets through; what was connected is reset where that is not the trouble itself."""
RESET = {"refuses", "accepts-and-hangs", "cut-mid-message"}
LAME = {
    "slow": Trouble(bytes_per_s=20_000),
    "delay": Trouble(delay_s=1.5),
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    with open_layout(tmp_path_factory.mktemp("networks"), "net") as layout, layout.workers():
        yield layout


@contextmanager
def site(
    servers: Layout, name: str, **deliver: object
) -> Iterator[tuple[Layout, Roads, Ears, Edge]]:
    """A daemon without a past whose ways to the servers can be broken, healthy so far."""
    layout = servers.afresh(name)
    with roads(layout) as ways, layout.ears() as ears:
        config: dict[str, Any] = ways.config(layout, late_s=2, **deliver)
        for broker in (config["intake"]["broker"], config["deliver"]["uplink"]):
            broker["keepalive_s"] = 5
        with layout.edge(config) as daemon:
            until(lambda: daemon.health().get("status") == "ok", "healthy at first")
            yield layout, ways, ears, daemon


def delivered(ways: Roads, daemon: Edge) -> None:
    """After the trouble: everything, once."""
    until(lambda: daemon.health().get("status") == "ok", "healthy again")
    until(lambda: set(daemon.health().get("outbox", {})) <= {"done"}, "all is delivered")
    waited(lambda: ways.decided() >= raised(daemon), LOST_S)
    assert raised(daemon) - ways.decided() == set()
    assert ways.again() == {}
    assert daemon.events("suspicion_lost") == []
    assert daemon.process.poll() is None
    assert len(daemon.events("daemon_started")) == 1


def unconfirmed(ears: Ears) -> set[str]:
    return {v.report_id for v in ears.site.verdicts() if v.decision == "unconfirmed"}


def says(daemon: Edge, reason: str, subject: str) -> bool:
    """Whether health names this, and is degraded by it."""
    health = daemon.health()
    named = [(one["reason"], one.get("of", "")) for one in health.get("reasons", [])]
    return health.get("status") == "degraded" and (reason, subject) in named


def answered(ears: Ears) -> set[str]:
    return {v.report_id for v in ears.cloud.verdicts() if v.decided_by == "cloud"}


def backlog(layout: Layout, daemon: Edge) -> None:
    """Four cameras that go on until so many suspicions wait."""
    with cameras(layout, number=4, pause_s=0.3) as sending:
        until(lambda: len(raised(daemon)) >= BACKLOG, "suspicions")
        sending.stop()


@pytest.mark.parametrize("name", BROKEN)
def test_the_site_is_told_in_time_while_the_way_to_the_cloud_is_broken(
    servers: Layout, name: str
) -> None:
    with site(servers, f"cloud-{name}", deadline_s=3) as (layout, ways, ears, daemon):
        ways.cloud.trouble = BROKEN[name]
        if name in RESET:
            ways.cloud.reset()
        backlog(layout, daemon)
        until(lambda: says(daemon, "link_down", "uplink"), "degraded, and why")
        until(lambda: unconfirmed(ears) >= raised(daemon), "all told at the site", PATIENCE_S)
        assert b"ON" in [p for t, p in ears.site.heard if t.endswith("/threat")]
        ways.cloud.trouble = FINE
        delivered(ways, daemon)


@pytest.mark.parametrize("name", BROKEN)
def test_the_cloud_hears_in_time_while_the_way_to_the_site_is_broken(
    servers: Layout, name: str
) -> None:
    with site(servers, f"site-{name}") as (layout, ways, ears, daemon):
        ways.store.trouble = BLACK_HOLE  # so that there is a backlog when the trouble begins
        backlog(layout, daemon)
        ways.site.trouble = BROKEN[name]
        if name in RESET:
            ways.site.reset()
        ways.store.trouble = FINE
        until(lambda: says(daemon, "link_down", "intake"), "degraded, and why")
        until(lambda: answered(ears) >= raised(daemon), "all decided in the cloud", PATIENCE_S)
        ways.site.trouble = FINE
        delivered(ways, daemon)


@pytest.mark.parametrize("name", BROKEN)
def test_the_site_is_told_in_time_while_the_way_to_the_store_is_broken(
    servers: Layout, name: str
) -> None:
    with site(servers, f"store-{name}", deadline_s=3) as (layout, ways, ears, daemon):
        ways.store.trouble = BROKEN[name]
        if name in RESET:
            ways.store.reset()
        backlog(layout, daemon)
        until(lambda: unconfirmed(ears) >= raised(daemon), "all told at the site", PATIENCE_S)
        until(lambda: says(daemon, "delivery_late", "reports"), "degraded, and why")
        ways.store.trouble = FINE
        delivered(ways, daemon)


@pytest.mark.parametrize("road", ["site", "cloud", "store"])
@pytest.mark.parametrize("name", LAME)
def test_a_lame_network_loses_and_doubles_nothing(servers: Layout, name: str, road: str) -> None:
    with site(servers, f"lame-{name}-{road}") as (layout, ways, _, daemon):
        way = {"site": ways.site, "cloud": ways.cloud, "store": ways.store}[road]
        with cameras(layout, number=2, pause_s=1.0) as sending:
            until(lambda: len(raised(daemon)) > 0, "suspicions")
            way.trouble = LAME[name]
            until(lambda: len(raised(daemon)) > 4, "suspicions in the trouble")
            sending.stop()
        way.trouble = FINE
        delivered(ways, daemon)


@pytest.mark.parametrize("road", ["site", "cloud", "store"])
def test_connections_that_are_reset_again_and_again_lose_and_double_nothing(
    servers: Layout, road: str
) -> None:
    with site(servers, f"reset-{road}") as (layout, ways, _, daemon):
        way = {"site": ways.site, "cloud": ways.cloud, "store": ways.store}[road]
        with cameras(layout, number=4, pause_s=0.3) as sending:
            for number in range(1, 9):
                until(lambda: len(raised(daemon)) >= number, "suspicions")  # noqa: B023
                way.reset()
            sending.stop()
        delivered(ways, daemon)
