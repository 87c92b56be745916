"""Updates of the configuration from afar: site and cloud have a broker each, the daemon runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract.update_state import UpdateState
from tests.servers import Broker
from tests.system.daemons import wait
from tests.system.orders import order, write_root
from tests.system.sites import PATIENCE_S, Ear, ear, edge, settings, uplink

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


def states(heard: Ear, leaf: str) -> list[UpdateState]:
    said = heard.on(f"gw/config/{leaf}")
    return [UpdateState.model_validate_json(one) for one in said if one]


def until(heard: Ear, leaf: str, state: str, version: int | None) -> UpdateState:
    """What was said when an order came to that state."""

    def found() -> list[UpdateState]:
        return [one for one in states(heard, leaf) if one.state == state and one.version == version]

    assert heard.wait(lambda: bool(found())), [one.state for one in states(heard, leaf)]
    return found()[-1]


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
            *("verified", "validated", "planned", "built", "swapped", "in_window", "applied")
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
        metrics = daemon.get("/metrics")[1]
        assert 'stillwatch_updates_total{kind="config",state="applied"} 2.0' in metrics
        assert 'stillwatch_updates_total{kind="config",state="rejected"} 1.0' in metrics
        assert 'stillwatch_update_version{kind="config"} 9.0' in metrics
