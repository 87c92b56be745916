"""A marked suspicion goes the whole way of an alarm: real daemon, brokers, store and workers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.integration.warm_worker import WarmWorker
from tests.processes import free_port
from tests.servers import Broker
from tests.system.daemons import cli, logged, unready, wait
from tests.system.sites import Ear, Edge, ear, edge, settings, uplink

pytestmark = pytest.mark.slow

CAMERA = "_self_test"
HERE = ["admitted", "queued", "stored", "reported"]
AT_THE_WORKER = ["received", "fetched", "decided"]


def asked(daemon: Edge, folder: Path, *extra: str) -> tuple[int, dict[str, Any]]:
    """Exit status of the command, and what it says, asked again while one has just ended."""
    patience = threading.Event()
    while True:
        done = cli("self-test", "--config", daemon.config, "--json", *extra, folder=folder)
        if "ended just now" not in done.stderr:
            break
        patience.wait(2)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def hops(outcome: dict[str, Any]) -> list[str]:
    return [one["hop"] for one in outcome["hops"]]


def metric(daemon: Edge, name: str) -> float | None:
    found = re.search(rf"^{re.escape(name)} (\S+)$", daemon.get("/metrics")[1], re.MULTILINE)
    return None if found is None else float(found[1])


def reasons(daemon: Edge) -> dict[str, str]:
    return {one["reason"]: one["detail"] for one in daemon.health().get("reasons", ())}


def test_it_goes_the_whole_way_says_each_hop_and_alarms_nobody(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with (
        cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{store}", root) as worker,
        edge(tmp_path, settings(mosquitto, root, tmp_path)) as daemon,
    ):
        status, outcome = asked(daemon, tmp_path)
        assert (status, outcome["failed_hop"]) == (0, None)
        assert hops(outcome) == [*HERE, *AT_THE_WORKER, "answered", "notified"]
        told = {one["hop"]: one for one in outcome["hops"]}
        times = [told[hop]["after_s"] for hop in (*HERE, "answered")]
        assert times == sorted(times)
        assert 0 <= told["fetched"]["worker_s"] <= told["decided"]["worker_s"]
        assert listening.wait(lambda: bool(listening.reports() and listening.verdicts()))
        (report,) = listening.reports()
        (verdict,) = listening.verdicts()
        assert (report.report_id, report.camera) == (outcome["report_id"], CAMERA)
        assert (report.test, report.audit, verdict.test, verdict.decision) == (
            *(True, True, True),
            "confirmed",
        )
        assert verdict.severity == 0
        assert all((store / ref.key).is_file() for ref in report.evidence)
        assert (store / f"verdicts/gw/{report.report_id}.json").is_file()
        assert listening.on(f"gw/{CAMERA}/threat") == []
        assert f'camera="{CAMERA}"' not in daemon.get("/metrics")[1]
        wait(daemon, lambda: worker.counted("tested") == 1)  # after it has answered
        assert worker.counted("confirmed") == 0
        assert metric(daemon, 'stillwatch_self_tests_total{result="passed"}') == 1
        assert metric(daemon, "stillwatch_self_test_passed") == 1
        assert listening.wait(lambda: _said(listening, "self_test").get("passed") is True)
        stats = json.loads(listening.on("gw/stats")[-1])
        assert (stats["cameras"], stats["audit"].get("answered", 0)) == ({}, 0)
        assert daemon.health()["status"] == "ok"
        again = cli("self-test", "--config", daemon.config, folder=tmp_path)
        assert again.returncode == 1
        assert "ended just now: ask again in" in again.stderr


def _said(listening: Ear, key: str) -> dict[str, Any]:
    said = listening.on("gw/stats")
    found: dict[str, Any] = json.loads(said[-1]).get(key, {}) if said else {}
    return found


def test_without_a_worker_it_fails_where_nobody_answers_and_health_says_so(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    with edge(tmp_path, settings(mosquitto, root, tmp_path)) as daemon:
        done = cli("self-test", "--config", daemon.config, "--timeout", "4", folder=tmp_path)
        assert done.returncode == 1
        assert re.search(r"^reported +\d+\.\d\d s", done.stdout, re.MULTILINE)
        assert re.search(r"^FAILED at received: .*is a worker running", done.stdout, re.MULTILINE)
        assert reasons(daemon)["self_test_failed"].endswith("may it read the store?")
        assert daemon.get("/healthz")[0] == 200, "the outside is never unhealthy"
        assert daemon.health()["outbox"] == {}, "what is late is withdrawn"
        assert listening.on(f"gw/{CAMERA}/threat") == []
    with (
        unready(tmp_path, settings(mosquitto, root, tmp_path)) as daemon,
        cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{tmp_path / 'store'}", root),
    ):
        wait(daemon, lambda: bool(daemon.health()))
        assert "self_test_failed" in reasons(daemon), "a restart mends no worker"
        assert asked(daemon, tmp_path)[0] == 0
        wait(daemon, lambda: daemon.health()["status"] == "ok")


def test_a_store_that_takes_nothing_is_named_with_its_reason(
    mosquitto: Broker, root: str, tmp_path: Path
) -> None:
    s3 = {
        "type": "s3",
        "bucket": "evidence",
        "endpoint_url": f"http://127.0.0.1:{free_port()}",
        "timeout_s": 1,
    }
    config = settings(mosquitto, root, tmp_path, store=s3)
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    command = (sys.executable, "-m", "edge", "run", "--config", str(tmp_path / "edge.yaml"))
    with unready(
        tmp_path, config, *(f"{key}={value}" for key, value in keys.items()), *command
    ) as daemon:
        wait(daemon, lambda: "store_unusable" in reasons(daemon))
        status, outcome = asked(daemon, tmp_path, "--timeout", "10")
        assert (status, outcome["failed_hop"], hops(outcome)) == (
            1,
            "stored",
            ["admitted", "queued"],
        )
        assert "127.0.0.1" in outcome["why"]


def test_a_picture_that_is_not_admitted_fails_at_once(
    mosquitto: Broker, root: str, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path)
    config["intake"]["limits"] = {"max_bytes": 1000}
    with edge(tmp_path, config) as daemon:
        status, outcome = asked(daemon, tmp_path)
        assert (status, outcome["failed_hop"]) == (1, "admitted")
        assert "limit 1000" in outcome["why"]
        assert outcome["took_s"] < 60


def test_without_a_daemon_the_command_says_so(mosquitto: Broker, tmp_path: Path) -> None:
    config = settings(mosquitto, "nobody", tmp_path)
    file = tmp_path / "edge.yaml"
    file.write_text(json.dumps(config))
    done = cli("self-test", "--config", file, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is the daemon running?" in done.stderr


def test_it_is_asked_for_over_mqtt_and_answered_with_the_transaction(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    with (
        cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{tmp_path / 'store'}", root),
        edge(tmp_path, settings(mosquitto, root, tmp_path)) as daemon,
    ):
        request = json.dumps({"transaction": "t-1"}).encode()
        listening.publish(f"{root}/gw/request/self-test", request)
        listening.publish(f"{root}/gw/request/self-test", b'{"transaction": 2}')
        listening.publish(f"{root}/gw/request/self-test", b"{")
        assert listening.wait(lambda: len(listening.on("gw/response/self-test")) == 2)
        busy, answer = map(json.loads, listening.on("gw/response/self-test"))
        assert (busy["status"], busy["transaction"]) == ("error", 2)
        assert busy["error"] == "a self-test is under way"
        assert (answer["status"], answer["transaction"]) == ("ok", "t-1")
        assert answer["data"]["passed"] is True
        assert len(daemon.events("self_test_started")) == 1
        assert len(logged(daemon, "message_refused")) == 1


def test_with_two_brokers_every_destination_is_told_and_the_cloud_may_ask(
    site_broker: Broker, cloud_broker: Broker, cloud: WarmWorker, root: str, tmp_path: Path
) -> None:
    config = settings(site_broker, root, tmp_path, uplink=uplink(cloud_broker))
    with (
        cloud.serving(tmp_path / "cloud", cloud_broker, f"dir:{tmp_path / 'store'}", root),
        ear(site_broker, root) as at_site,
        ear(cloud_broker, root) as at_cloud,
        edge(tmp_path, config) as daemon,
    ):
        at_cloud.publish(f"{root}/gw/request/self-test", b"")
        assert at_cloud.wait(lambda: len(at_cloud.on("gw/response/self-test")) == 1)
        (answer,) = map(json.loads, at_cloud.on("gw/response/self-test"))
        assert answer["status"] == "ok", answer
        told = [one["of"] for one in answer["data"]["hops"] if one["hop"] == "notified"]
        assert told == ["site"], "the cloud has said it at its own broker"
        assert [one.test for one in at_site.verdicts()] == [True]
        assert at_site.on("gw/response/self-test") == []
        cloud_broker.process.kill()
        wait(daemon, lambda: "link_down" in reasons(daemon))
        status, outcome = asked(daemon, tmp_path, "--timeout", "8")
        assert (status, outcome["failed_hop"]) == (1, "reported")
        assert "no connection to the cloud's broker" in outcome["why"]


def test_a_page_in_a_browser_cannot_ask(mosquitto: Broker, root: str, tmp_path: Path) -> None:
    with edge(tmp_path, settings(mosquitto, root, tmp_path)) as daemon:
        url = f"http://127.0.0.1:{daemon.port}/self-test"
        post = f"import urllib.request as u; u.urlopen(u.Request({url!r}, method='POST'))"
        done = subprocess.run(
            [sys.executable, "-c", post], capture_output=True, text=True, timeout=30, check=False
        )
        assert "403" in done.stderr
        assert daemon.events("self_test_started") == []
