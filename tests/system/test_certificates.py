"""The main job between the shipped brokers: certificates for all, and for nobody a right more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.link import LinkSettings
from tests.links import Inbox, running
from tests.processes import child, free_port, until
from tests.shipped_brokers import Secured, cloud_broker, site_broker
from tests.system.sites import CHECKOUT, PATIENCE_S, STREET, edge

pytestmark = pytest.mark.slow


def broker_section(settings: LinkSettings) -> dict[str, Any]:
    """A connection as the edge's configuration has it."""
    assert settings.tls is not None
    files = {"ca_file": settings.tls.ca_file, "cert_file": settings.tls.cert_file}
    files["key_file"] = settings.tls.key_file
    tls = {name: str(path) for name, path in files.items()}
    return {"host": settings.host, "port": settings.port, "tls": tls}


@contextmanager
def worker(folder: Path, broker: Secured, store: Path) -> Iterator[Path]:
    """A real worker with a certificate and a group that is nobody's guess; its log."""
    folder.mkdir()
    where = broker_section(broker.settings("confirm", 1))
    file, log = folder / "settings.yaml", folder / "worker.log"
    file.write_text(yaml.safe_dump({"group": "confirm-9d02c4", "tls": where["tls"]}))
    command = ["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "cloud", "serve"]
    command += ["--store", f"dir:{store}", "--settings", str(file)]
    command += ["--broker", f"mqtts://{where['host']}:{where['port']}"]
    with child(command, log, patience_s=30.0) as process:
        until(lambda: "link_subscribed" in log.read_text(errors="replace"), process, log)
        yield log


def test_a_threat_is_confirmed_and_nothing_that_the_daemon_says_is_refused(tmp_path: Path) -> None:
    site_folder, cloud_folder = tmp_path / "site", tmp_path / "cloud"
    for folder in (site_folder, cloud_folder):
        folder.mkdir()
    threats, fleet = Inbox(), Inbox()
    with (
        site_broker(site_folder) as site,
        cloud_broker(cloud_folder) as cloud,
        worker(tmp_path / "worker", cloud, tmp_path / "store") as worker_log,
        running(site.settings("home", 1), threats, ("stillwatch/gateway/gate/threat",)) as home,
        running(cloud.settings("fleet", 1), fleet, ("stillwatch/+/+/suspect",)) as office,
        running(site.settings("gate")) as camera,
    ):
        assert all(link.wait_ready(PATIENCE_S) for link in (home, office, camera))
        config = {
            "intake": {"broker": broker_section(site.settings("gateway", 1))},
            "detect": {"runtime": "litert"},
            "deliver": {
                "uplink": broker_section(cloud.settings("gateway")),
                "store": {"type": "dir", "path": str(tmp_path / "store")},
                "outbox": {"path": str(tmp_path / "outbox")},
            },
            "camera_defaults": {"kind": "snapshot"},
            "runtime": {"metrics_port": free_port(), "stats_s": 1},
        }
        with edge(tmp_path, config) as daemon:
            camera.publish("cameras/gate/image", STREET).wait(PATIENCE_S)
            told = [threats.next().payload]
            while told[-1] != b"ON":
                told.append(threats.next().payload)
            home.publish("stillwatch/gateway/gate/armed/set", b"OFF").wait(PATIENCE_S)
            until(lambda: daemon.events("switch_turned") != [], daemon.process, daemon.log)
            until(lambda: daemon.events("verdict_received") != [], daemon.process, daemon.log)
            assert fleet.next().topic == "stillwatch/gateway/gate/suspect"
        files = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
        folders = {path.relative_to(tmp_path / "store").parts[0] for path in files}
        assert (
            {"evidence", "verdicts", "alarms"}
            <= folders
            <= {"evidence", "verdicts", "alarms", "watch"}
        )
        assert not any(path.stat().st_mode & 0o077 for path in files)
        for event in ("publication_refused", "link_refused", "link_lost", "delivery_failed"):
            assert daemon.events(event) == []
            assert event not in worker_log.read_text()
