"""SIGHUP takes up a good file whole, and leaves a bad one alone."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.config.load import digest, load
from edge.config.schema import EdgeConfig
from tests.servers import Broker
from tests.system.daemons import cli, end, wait
from tests.system.sites import STREET, Ear, Edge, ear, edge, settings

SMALL = "nanodet-g-320-int8"

pytestmark = pytest.mark.slow


def reload(daemon: Edge, config: Mapping[str, Any] | str, event: str) -> dict[str, Any]:
    """SIGHUP with another file; what the daemon says about it."""
    before = len(daemon.events(event))
    daemon.config.write_text(config if isinstance(config, str) else yaml.safe_dump(dict(config)))
    daemon.process.send_signal(signal.SIGHUP)
    wait(daemon, lambda: len(daemon.events(event)) > before)
    return daemon.events(event)[-1]


def info(listening: Ear) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(listening.on("gw/info")[-1])
    return facts


def test_sighup_takes_up_a_good_file_whole_and_leaves_a_bad_one(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = "hup"
    config = settings(mosquitto, root, tmp_path)
    config["camera_defaults"] = {"kind": "snapshot"}
    config["decide"] = {"rules": [{"id": "dogs", "labels": ["dog"]}]}
    with ear(mosquitto, root) as listening, edge(tmp_path, config) as daemon:

        def look(received: int) -> None:
            listening.publish(f"{root}-cameras/gate/image", STREET)
            wait(daemon, lambda: daemon.settled("gate", received))

        look(1)
        assert daemon.events("suspicion_raised") == []
        better = config | {
            "gate": {"min_diff": 20},
            "detect": {"model": SMALL, "min_score": 0.3, "runtime": "litert"},
            "decide": {
                "rules": [{"id": "people", "labels": ["person"]}],
                "static_objects": {"enabled": False},  # the same picture is shown again
                "deduplication": {"enabled": False},
            },
            "cameras": {"yard": {"enabled": False}},
            "runtime": config["runtime"] | {"log_level": "debug"},
        }
        applied = reload(daemon, better, "config_applied")
        expected = load(daemon.config, {})
        assert applied["config"] == expected.version
        assert listening.wait(lambda: info(listening)["config_sha256"] == expected.sha256)
        assert info(listening)["model"] == SMALL
        opened = daemon.events("model_opened")
        assert [one["model"] for one in opened] == ["nanodet-g-416-int8", SMALL]
        assert info(listening)["model_sha256"] == opened[-1]["sha256"]
        look(2)
        wait(daemon, lambda: bool(daemon.events("suspicion_raised")))
        assert {event["rule"] for event in daemon.events("suspicion_raised")} == {"people"}
        wait(daemon, lambda: bool(daemon.events("evidence_stored")))  # said at level debug only
        listening.publish(f"{root}-cameras/yard/image", STREET)
        wait(daemon, lambda: daemon.frames("yard").get("rejected") == 1)
        assert 'camera="yard",reason="disabled"' in daemon.get("/metrics")[1]
        _refuses(daemon, better)
        assert info(listening)["config_sha256"] == expected.sha256
        assert daemon.health()["config"] == expected.version
        look(3)
        wait(daemon, lambda: daemon.health()["outbox"] == {"reported": 2})
        assert len(daemon.events("config_applied")) == 1
        assert end(daemon) == 0
    _starts_with_the_last_good_one(tmp_path, better)


def _refuses(daemon: Edge, good: dict[str, Any]) -> None:
    """A bad file with every reason, keys that need a restart with theirs, a model that is none."""
    bad = good | {"gate": {"min_diff": 0, "x": 1}, "gateway": {"id": "No Name"}}
    reasons = reload(daemon, bad, "config_refused")["reasons"]
    assert [reason.split(":")[0] for reason in reasons] == ["gateway.id", "gate.min_diff", "gate.x"]
    assert reload(daemon, "]", "config_refused")["reasons"]
    moved = good | {
        "gateway": {"id": "other"},
        "gate": {"min_diff": 99},
        "runtime": good["runtime"] | {"heartbeat_s": 9},
        "detect": good["detect"] | {"workers": 2},
        "deliver": good["deliver"] | {"store": {"type": "dir", "path": "elsewhere"}},
    }
    reasons = reload(daemon, moved, "config_refused")["reasons"]
    named = {reason.split(":")[0] for reason in reasons}
    assert named == {"gateway.id", "runtime.heartbeat_s", "detect.workers", "deliver.store.path"}
    assert all("(restart the daemon)" in reason for reason in reasons)
    unknown = good | {"detect": good["detect"] | {"model": "centernet-640"}}
    (reason,) = reload(daemon, unknown, "config_refused")["reasons"]
    assert "is for the cloud" in reason


def _starts_with_the_last_good_one(folder: Path, good: Mapping[str, Any]) -> None:
    """A start with a bad file: the last good one runs, loudly, and `health` finds it."""
    bad = dict(good) | {"gate": {"min_diff": 0}, "gatee": {}}
    with edge(folder, bad) as daemon:
        (restored,) = daemon.events("config_restored")
        named = [reason.split(":")[0] for reason in restored["reasons"]]
        assert sorted(named) == ["gate.min_diff", "gatee"]
        assert restored["level"] == "error"
        assert digest(EdgeConfig.model_validate(good)).startswith(daemon.health()["config"][3:])
        asked = cli("health", "--config", daemon.config, folder=folder)
        assert asked.returncode == 0, asked.stderr
        assert json.loads(asked.stdout)["status"] == "ok"
    gone = cli("health", "--config", daemon.config, folder=folder)
    assert gone.returncode == 1
    assert "is the daemon running?" in gone.stderr
