"""The main job on real parts: frames in over MQTT, confirmed threats out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.integration.cloud_workers import workers
from tests.integration.warm_worker import WarmWorker
from tests.processes import binary
from tests.servers import S3, Broker
from tests.system.sites import CHECKOUT, WALKERS, Ear, clip, edge, play, settings

STREET = CHECKOUT / "models" / "self_test" / "street-030.jpg"

pytestmark = pytest.mark.slow


def test_walkers_are_confirmed_through_mosquitto_and_s3(
    mosquitto: Broker, seaweedfs: S3, root: str, listening: Ear, tmp_path: Path
) -> None:
    store = {
        "type": "s3",
        "bucket": seaweedfs.bucket,
        "endpoint_url": seaweedfs.endpoint_url,
        "credentials_file": str(seaweedfs.credentials_file),
    }
    config = settings(mosquitto, root, tmp_path, store=store)
    walkers = clip(WALKERS, begin_s=6, seconds=6)
    with (
        workers(tmp_path / "cloud", mosquitto, seaweedfs.spec(), root, count=2),
        edge(tmp_path, config) as daemon,
    ):
        play(listening, f"{root}-cameras/yard/image", walkers)
        assert listening.wait(lambda: daemon.settled("yard", len(walkers)))
        assert listening.wait(lambda: len(daemon.events("suspicion_raised")) > 0)
        raised = {event["report_id"] for event in daemon.events("suspicion_raised")}
        assert listening.wait(lambda: {v.report_id for v in listening.verdicts()} >= raised)
        assert "confirmed" in {verdict.decision for verdict in listening.verdicts()}
        assert listening.wait(lambda: b"ON" in listening.on("gw/yard/threat"))
        assert listening.wait(lambda: set(daemon.health()["outbox"]) == {"done"})
    assert listening.wait(lambda: listening.on("gw/status")[-1:] == [b"stopped"])
    final = json.loads(listening.on("gw/stats")[-1])["cameras"]["yard"]
    assert final["received"] == len(walkers)


def test_a_foreign_publisher_gets_a_verdict_and_an_empty_picture_none(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    publish = binary("mosquitto_pub", "apt-get install mosquitto-clients")
    config = settings(mosquitto, root, tmp_path)
    config["intake"]["topics"] = ["cameras/{camera}/image"]
    config["camera_defaults"] = {"snapshot_after_s": 1.0}
    empty = tmp_path / "empty.jpg"
    empty.write_bytes(clip(WALKERS, begin_s=2, seconds=0.2)[0])
    with (
        cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{tmp_path / 'store'}", root),
        edge(tmp_path, config) as daemon,
    ):
        for camera, file in (("lawn", empty), ("gate", STREET)):
            command = [publish, "-p", str(mosquitto.port), "-t", f"cameras/{camera}/image"]
            subprocess.run([*command, "-f", str(file)], check=True, timeout=30)
        assert listening.wait(lambda: len(listening.on("gw/gate/verdict")) > 0)
        assert listening.verdicts()[0].decision == "confirmed"
        assert listening.wait(lambda: daemon.settled("lawn", 1))
        assert listening.on("gw/lawn/suspect") == []
        assert listening.on("gw/lawn/verdict") == []


def test_after_a_kill_between_suspicion_and_verdict_the_verdict_still_comes_once(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path)
    config["camera_defaults"] = {"kind": "snapshot"}
    with edge(tmp_path, config) as daemon:
        listening.publish(f"{root}-cameras/gate/image", STREET.read_bytes())
        assert listening.wait(lambda: len(listening.on("gw/gate/suspect")) > 0)
        daemon.process.kill()
        daemon.process.wait()
    assert listening.verdicts() == []
    with (
        cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{tmp_path / 'store'}", root),
        edge(tmp_path, config) as daemon,
    ):
        assert listening.wait(lambda: len(listening.verdicts()) > 0)
        assert listening.wait(lambda: daemon.health()["outbox"] == {"done": 1})
        assert listening.wait(lambda: len(daemon.events("verdict_received")) > 0)
        assert len(daemon.events("verdict_received")) == 1
    assert [verdict.decision for verdict in listening.verdicts()] == ["confirmed"]


def test_without_an_answer_the_threat_is_told_unconfirmed_and_a_late_verdict_follows(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path, deadline_s=2, threat_hold_s=2)
    config["camera_defaults"] = {"kind": "snapshot"}
    with edge(tmp_path, config):
        listening.publish(f"{root}-cameras/gate/image", STREET.read_bytes())
        assert listening.wait(lambda: len(listening.verdicts()) > 0)
        assert listening.verdicts()[0].decision == "unconfirmed"
        assert listening.wait(lambda: listening.on("gw/gate/threat")[-2:] == [b"ON", b"OFF"])
        with cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{tmp_path / 'store'}", root):
            assert listening.wait(lambda: len(listening.verdicts()) > 1)
    late = listening.verdicts()[1]
    assert (late.decision, late.report_id) == ("confirmed", listening.verdicts()[0].report_id)
