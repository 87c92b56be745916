"""A true black hole, in which packets vanish and no connection is refused, and a link of 64 kbit/s,
between the gateway in a network of its own and its servers in ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.faults.cameras import cameras
from tests.faults.conftest import open_layout
from tests.faults.layout import Ears, Layout, raised, until, waited
from tests.faults.namespaces import Namespace, namespace
from tests.faults.proxy import proxy
from tests.faults.roads import Roads, roads
from tests.system.daemons import unready
from tests.system.sites import CHECKOUT, Edge

LOST_S = 60.0

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    with open_layout(tmp_path_factory.mktemp("hole"), "hole") as layout, layout.workers():
        yield layout


@contextmanager
def gateway(layout: Layout, net: Namespace, config: dict[str, Any], ways: Roads) -> Iterator[Edge]:
    """The daemon in its network; its pages are reached through the cable."""
    config["runtime"] |= {"metrics_host": net.guest}
    for broker in (config["intake"]["broker"], config["deliver"]["uplink"]):
        broker["keepalive_s"] = 5
    file = layout.folder / "edge.yaml"
    file.write_text(yaml.safe_dump(config))
    command = [*net.inside, "env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "edge", "run"]
    with (
        proxy((net.guest, layout.port)) as pages,
        unready(layout.folder, config, *command, "--config", str(file)) as daemon,
    ):
        reached = replace(daemon, port=pages.port)
        until(lambda: reached.health().get("status") == "ok", "healthy at first")
        yield reached
        assert ways.again() == {}


def delivered(ways: Roads, daemon: Edge) -> None:
    until(lambda: daemon.health().get("status") == "ok", "healthy again")
    until(lambda: set(daemon.health().get("outbox", {})) <= {"done"}, "all is delivered")
    waited(lambda: ways.decided() >= raised(daemon), LOST_S)
    assert raised(daemon) - ways.decided() == set()
    assert len(daemon.events("daemon_started")) == 1


def unconfirmed(ears: Ears) -> set[str]:
    return {v.report_id for v in ears.site.verdicts() if v.decision == "unconfirmed"}


def test_the_site_is_told_in_time_while_cloud_and_store_lie_in_a_black_hole(
    servers: Layout,
) -> None:
    layout = servers.afresh("black")
    with (
        namespace() as net,
        roads(layout, host=net.host) as ways,
        layout.ears() as ears,
        gateway(layout, net, ways.config(layout, deadline_s=3), ways) as daemon,
    ):
        net.swallow(ways.cloud.port, ways.store.port)
        with cameras(layout, number=4, pause_s=0.3) as sending:
            until(lambda: len(raised(daemon)) > 7, "suspicions in the hole")
            sending.stop()
        until(lambda: unconfirmed(ears) >= raised(daemon), "all told at the site")
        until(lambda: daemon.health()["links"]["uplink"] is False, "noticed")
        links = daemon.health()["links"]
        assert {name for name, up in links.items() if not up} == {"uplink"}
        net.heal()
        delivered(ways, daemon)


def test_over_64_kbit_a_second_everything_arrives_once(servers: Layout) -> None:
    layout = servers.afresh("slow")
    with (
        namespace() as net,
        roads(layout, host=net.host) as ways,
        gateway(layout, net, ways.config(layout), ways) as daemon,
    ):
        net.slow("64kbit")
        with cameras(layout, number=2, pause_s=1.0) as sending:
            until(lambda: len(raised(daemon)) > 2, "suspicions")
            sending.stop()
        until(lambda: set(daemon.health().get("outbox", {})) <= {"done"}, "delivered slowly")
        net.quick()
        delivered(ways, daemon)
