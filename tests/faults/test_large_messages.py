"""Large and slow messages on a real broker: the slow arrive, the too large cost nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import psutil
import pytest

from service.link import LinkSettings
from tests import servers
from tests.faults.cameras import streets
from tests.faults.conftest import scaled
from tests.faults.proxy import FINE, Trouble, proxy
from tests.links import Inbox, Protocol, running, settings
from tests.system.sites import Ear, ear, edge
from tests.system.sites import settings as site_settings

SLOW_BYTES = scaled("SLOW_PICTURE_BYTES", 600_000)
SLOW_BYTES_PER_S = 20_000
KEEPALIVE_S = 10
"""A third of what the picture takes. A shared machine may stand still for seconds, and a connection
of which nothing is heard for so long is rightly given up."""
HUGE_BYTES = scaled("HUGE_MESSAGE_BYTES", 100_000_000)
PATIENCE_S = 60.0 + 3 * SLOW_BYTES / SLOW_BYTES_PER_S
MAY_GROW_BYTES = 40_000_000

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_picture_that_takes_longer_than_the_keep_alive_arrives_on_one_connection(
    tmp_path: Path, protocol: Protocol
) -> None:
    inbox = Inbox()
    with servers.mosquitto(tmp_path) as broker, proxy((broker.host, broker.port)) as way:
        near = dataclasses.replace(broker, port=way.port, port_311=way.port)
        slow = dataclasses.replace(
            settings(near, f"slow{protocol}", protocol), keepalive_s=KEEPALIVE_S
        )
        with running(slow, inbox, ["pictures"]) as reader, running(talker(broker)) as writer:
            assert reader.wait_ready(PATIENCE_S)
            assert writer.wait_ready(PATIENCE_S)
            way.trouble = Trouble(bytes_per_s=SLOW_BYTES_PER_S)
            writer.publish("pictures", bytes(SLOW_BYTES))
            arrival = inbox.next_within(PATIENCE_S)
            way.trouble = FINE
            assert len(arrival.payload) == SLOW_BYTES
            assert reader.state().counters["connects"] == 1


def talker(broker: servers.Broker) -> LinkSettings:
    return settings(broker, "talker")


def test_a_huge_message_is_kept_from_us_and_pictures_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    with servers.mosquitto(folder) as broker, ear(broker, "huge") as listening:
        document = site_settings(broker, "huge", tmp_path)
        document["cameras"] = {"gate": {"kind": "stream"}, "door": {"kind": "snapshot"}}
        with edge(tmp_path, document) as daemon:
            memory = psutil.Process(daemon.process.pid).memory_info
            show(listening, "gate")
            assert listening.wait(lambda: daemon.settled("gate", 1))
            before_bytes = memory().rss
            for camera in ("gate", "door", "stranger"):
                with running(talker(broker)) as writer:
                    assert writer.wait_ready(PATIENCE_S)
                    writer.publish(f"huge-cameras/{camera}/image", bytes(HUGE_BYTES), 0).wait(60.0)
            for camera in ("gate", "door"):
                show(listening, camera)
            assert listening.wait(lambda: daemon.settled("gate", 2) and daemon.settled("door", 1))
            assert memory().rss - before_bytes < MAY_GROW_BYTES
            assert not daemon.events("link_lost")


def show(listening: Ear, camera: str) -> None:
    listening.publish(f"huge-cameras/{camera}/image", streets(1)[0])
