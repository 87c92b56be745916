"""A whole Home Assistant and a whole gateway: what is seen, turned, and taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.home_assistant_core import Home, home_assistant, needs_whole
from tests.servers import Broker
from tests.system.daemons import unready
from tests.system.orders import order
from tests.system.sites import Ear, ear, edge
from tests.system.test_updates import camera, managed, publish

pytestmark = [pytest.mark.slow, needs_whole]

ROOT = "stillwatch"
ARMED, ENABLED = "switch.yard_armed", "switch.yard_enabled"
ALIVE, PROBLEM = "binary_sensor.stillwatch_gw_connection", "binary_sensor.yard_problem"
THREAT, EVENT = "binary_sensor.yard_threat", "event.yard_suspicion"
CONFIG, MODEL = (f"update.stillwatch_gw_{kind}_update" for kind in ("configuration", "model"))
OF_YARD = (ARMED, ENABLED, PROBLEM, THREAT, EVENT)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with servers.mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Home]:
    with home_assistant(tmp_path_factory.mktemp("home") / "config", broker) as running:
        yield running


def config_of(broker: Broker, folder: Path) -> dict[str, Any]:
    config = managed(broker, broker, ROOT, folder, health_window_s=10)
    config["home_assistant"] = {"enabled": True}
    config["cameras"] = {"yard": {"kind": "stream"}}
    return config


def said(listening: Ear, topic: str) -> str:
    return (listening.on(topic) or [b""])[-1].decode()


def test_what_the_gateway_says_is_shown_and_what_is_turned_reaches_it(
    home: Home, broker: Broker, tmp_path: Path
) -> None:
    config = config_of(broker, tmp_path)
    with ear(broker, ROOT) as listening, camera(broker, f"{ROOT}-cameras/yard/image"):
        with edge(tmp_path, config) as daemon:
            home.shows(ALIVE, "on")
            home.shows(THREAT, "off")
            home.shows(ARMED, "on")
            home.shows(PROBLEM, "off")
            home.shows("button.stillwatch_gw_self_test", "unknown")  # never pressed

            home.call("switch", "turn_off", ARMED)
            assert listening.wait(lambda: said(listening, "gw/yard/armed/state") == "OFF")
            home.shows(ARMED, "off")
            home.call("switch", "turn_on", ARMED)
            assert listening.wait(lambda: said(listening, "gw/yard/armed/state") == "ON")
            home.shows(ARMED, "on")

            updates(home, listening)

            daemon.process.kill()
            daemon.process.wait(10)
            home.shows(ALIVE, "off")
            for entity in OF_YARD:
                home.shows(entity, "unavailable")
        with unready(tmp_path, config):  # an order was refused: it is degraded
            home.shows(ALIVE, "on")
            home.shows(ARMED, "on")
            assert installed(home, CONFIG) == "7"
        home.shows(ARMED, "unavailable")
        with unready(tmp_path, config | {"cameras": {}, "intake": without_discovery(config)}):
            home.shows(ALIVE, "on")
            for entity in OF_YARD:
                home.shows(entity, None)
            assert not [one for one in home.entities() if ".yard_" in one]


def updates(home: Home, cloud: Ear) -> None:
    """From no order over a good one to one that is refused."""
    home.shows(CONFIG, "off")
    home.shows(MODEL, "off")
    assert installed(home, CONFIG) == "own file"
    publish(cloud, order(7, "detect: {min_score: 0.3}"))
    home.wait(lambda: installed(home, CONFIG) == "7", "order 7 is not shown")
    home.wait(lambda: facts_of(home)["in_progress"] is False, "it does not end")
    home.shows(CONFIG, "off")
    assert facts_of(home)["title"] == "Configuration"
    assert facts_of(home)["release_summary"] == reason_of(cloud)
    publish(cloud, order(8, "detect: {no_such_key: 1}"))
    home.shows(CONFIG, "on")
    facts = facts_of(home)
    assert (facts["installed_version"], facts["latest_version"]) == ("7", "8")
    assert facts["release_summary"].startswith("rejected: ")


def facts_of(home: Home) -> dict[str, Any]:
    found = home.entity(CONFIG)
    assert found is not None
    facts: dict[str, Any] = found["attributes"]
    return facts


def installed(home: Home, entity: str) -> str:
    found = home.entity(entity)
    return "" if found is None else str(found["attributes"].get("installed_version"))


def reason_of(cloud: Ear) -> str:
    return str(json.loads(said(cloud, "gw/info"))["update_reason"])


def without_discovery(config: dict[str, Any]) -> dict[str, Any]:
    """The camera goes on sending, and is nobody's."""
    return dict(config["intake"]) | {"discovery": False}
