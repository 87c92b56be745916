"""Updates of the configuration from afar: site and cloud have a broker each, the daemon runs."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.update_state import UpdateState
from edge.config.load import load
from tests.servers import Broker
from tests.system.daemons import logged, unready, wait
from tests.system.orders import order, write_root
from tests.system.sites import PATIENCE_S, STREET, Ear, Edge, ear, edge, settings, uplink

pytestmark = pytest.mark.slow


def managed(
    site: Broker, cloud: Broker, root: str, folder: Path, **manage: object
) -> dict[str, Any]:
    """A configuration that obeys orders, and is sure of them after a second."""
    config = settings(site, root, folder, uplink=uplink(cloud))
    config["camera_defaults"] = {"kind": "stream"}
    config["manage"] = {"health_window_s": 1, "root": str(write_root(folder))} | manage
    return config


def publish(cloud: Ear, envelope: bytes, topic: str = "gw/config/desired") -> None:
    """As the operator does: retained, so that a gateway that is away gets it later."""
    cloud.link.publish(f"{cloud.root}/{topic}", envelope, 1, True).wait(PATIENCE_S)


def states(heard: Ear, leaf: str, kind: str = "config") -> list[UpdateState]:
    said = heard.on(f"gw/{kind}/{leaf}")
    return [UpdateState.model_validate_json(one) for one in said if one]


def until(
    heard: Ear, leaf: str, state: str, version: int | None, kind: str = "config"
) -> UpdateState:
    """What was said when an order came to that state."""

    def found() -> list[UpdateState]:
        return [
            one
            for one in states(heard, leaf, kind)
            if one.state == state and one.version == version
        ]

    assert heard.wait(lambda: bool(found())), [one.state for one in states(heard, leaf, kind)]
    return found()[-1]


def counted(daemon: Edge, line: str) -> bool:
    """Whether the gateway's metrics have it."""
    return line in daemon.get("/metrics")[1]


def test_an_order_changes_a_threshold_and_both_brokers_hear_of_each_state(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = managed(site_broker, cloud_broker, root, tmp_path)
    file = tmp_path / "edge.yaml"
    with (
        ear(site_broker, root) as site,
        ear(cloud_broker, root) as cloud,
        edge(tmp_path, config) as daemon,
    ):
        before, written = daemon.health()["config"], file.read_text()
        publish(cloud, order(7, "detect: {min_score: 0.4}"))
        for heard in (cloud, site):
            applied = until(heard, "reported", "applied", 7)
            assert applied.effective.version == 7
        said = dict.fromkeys(one.state for one in states(cloud, "reported"))
        assert list(said) == [
            *("verified", "validated", "planned", "in_shadow", "built", "swapped", "in_window"),
            "applied",
        ]
        assert daemon.health()["config"] != before
        assert file.read_text() == written
        publish(cloud, order(8, "detect: {no_such_key: 1}"))
        for heard in (cloud, site):
            refused = until(heard, "rejected", "rejected", 8)
            assert refused.refusal == "invalid"
            assert "no_such_key" in refused.reasons[0]
            assert refused.effective.version == 7
        wait(daemon, lambda: daemon.health()["status"] == "degraded")
        assert [one["reason"] for one in daemon.health()["reasons"]] == ["update_rejected"]
        publish(cloud, order(9, "detect: {min_score: null}"))
        until(cloud, "reported", "applied", 9)
        assert cloud.wait(lambda: cloud.on("gw/config/rejected")[-1] == b"")
        wait(daemon, lambda: daemon.health()["status"] == "ok")
        assert daemon.health()["config"] == before
        for line in (
            'stillwatch_updates_total{kind="config",state="applied"} 2.0',
            'stillwatch_updates_total{kind="config",state="rejected"} 1.0',
            'stillwatch_update_version{kind="config"} 9.0',
        ):
            wait(daemon, partial(counted, daemon, line))


def test_an_order_waits_at_the_broker_for_a_gateway_that_is_away(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = managed(site_broker, cloud_broker, root, tmp_path)
    with ear(cloud_broker, root) as cloud:
        publish(cloud, order(1, "detect: {min_score: 0.3}"))
        with edge(tmp_path, config):
            until(cloud, "reported", "applied", 1)
        publish(cloud, order(2, "detect: {min_score: 0.4}"))
        with edge(tmp_path, config) as daemon:
            applied = until(cloud, "reported", "applied", 2)
            assert not states(cloud, "rejected")
        with edge(tmp_path, config) as daemon:  # the broker repeats it, and nothing happens
            wait(daemon, lambda: bool(daemon.events("link_subscribed")))
            assert json.loads(cloud.on("gw/info")[-1])["update_version"] == 2
            assert json.loads(cloud.on("gw/info")[-1])["config_sha256"] == applied.effective.digest
            assert not daemon.events("update_advanced")


def test_an_order_may_be_dropped_as_a_file_and_a_reload_keeps_it(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    dropped = tmp_path / "desired.json"
    config = managed(site_broker, cloud_broker, root, tmp_path, desired_file=str(dropped))
    with ear(cloud_broker, root) as cloud, edge(tmp_path, config) as daemon:
        dropped.write_bytes(order(1, "detect: {min_score: 0.3}"))
        until(cloud, "reported", "applied", 1)
        config["gate"] = {"min_diff": 21}
        daemon.config.write_text(yaml.safe_dump(config))
        daemon.process.send_signal(signal.SIGHUP)
        (applied,) = logged(daemon, "config_applied")
        in_force = load(daemon.config, {}, ["detect: {min_score: 0.3}"])
        assert applied["config"] == in_force.version
        assert in_force.config.gate.min_diff == 21


def test_without_a_root_of_trust_nothing_is_obeyed_and_that_is_said_once(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = managed(site_broker, cloud_broker, root, tmp_path)
    del config["manage"]["root"]
    with ear(cloud_broker, root) as cloud, edge(tmp_path, config) as daemon:
        before = daemon.health()["config"]
        publish(cloud, order(1, "detect: {min_score: 0.3}"))
        refused = until(cloud, "rejected", "rejected", None)
        assert (refused.refusal, refused.effective.version) == ("no_root_of_trust", None)
        assert "manage.root" in refused.reasons[0]
        assert daemon.health()["config"] == before
        assert len(daemon.events("update_rejected")) == 1


UNHEALTHY = "intake: {limits: {max_side_px: 64}}"
"""Valid, and every picture is refused."""


def test_two_bad_updates_with_a_restart_between_leave_the_good_one_in_force(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = managed(site_broker, cloud_broker, root, tmp_path, health_window_s=6)
    with (
        ear(cloud_broker, root) as cloud,
        ear(site_broker, root) as site,
        camera(site_broker, f"{root}-cameras/yard/image"),
    ):
        with edge(tmp_path, config) as daemon:
            watched(daemon, frames=10)
            publish(cloud, order(1, "detect: {min_score: 0.3}"))
            good = until(cloud, "reported", "applied", 1).effective
            publish(cloud, order(2, UNHEALTHY))
            for heard in (cloud, site):
                bad = until(heard, "rejected", "rolled_back", 2)
                assert "yard: every frame is refused: too_many_pixels" in bad.reasons[0]
            watched(daemon, frames=10)
            assert states(cloud, "reported")[-1].effective == good
            daemon.process.kill()
        for version in (3, 4):
            with unready(tmp_path, config) as daemon:
                watched(daemon, frames=10)
                assert daemon.health()["config"].endswith(str(good.digest)[:12])
                publish(cloud, order(version, UNHEALTHY))
                until(cloud, "rejected", "rolled_back", version)
                watched(daemon, frames=10)
                assert daemon.health()["config"].endswith(str(good.digest)[:12])
                daemon.process.kill()


@contextmanager
def camera(broker: Broker, topic: str) -> Iterator[None]:
    """Sends the same street some times a second."""
    over = threading.Event()
    with ear(broker, f"{topic}-echo") as sender:

        def send() -> None:
            while not over.wait(0.15):
                sender.link.publish(topic, STREET, 0)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def watched(daemon: Edge, frames: int) -> None:
    """So many more of the camera's frames were found usable."""

    def usable() -> int:
        counts = daemon.frames("yard")
        return counts.get("quiet", 0) + counts.get("analysed", 0)

    before = usable()
    wait(daemon, lambda: usable() >= before + frames)
