"""A stranger at the cloud's broker speaks in the cloud's name, to a real daemon.

The test plays both: the cloud, which has the key, and the stranger, who hears and may say
everything.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloud.verdicts.entry import on_report
from contract.cloudevent import frame_evidence_request, frame_verdict
from contract.evidence_request import EvidenceRequest
from contract.ids import CameraId, ReportId, report_id
from contract.report import ThreatReport
from contract.signature import Signer, new_signer, public_text
from contract.verdict import Decision, Verdict
from service.clock import SystemClock
from tests.servers import Broker
from tests.system.daemons import cli, wait
from tests.system.sites import STREET, Ear, Edge, edge, settings
from tests.verdicts import verdict_on

CLOUD = new_signer()

pytestmark = pytest.mark.slow


def said_on(report: ThreatReport, decision: Decision) -> Verdict:
    """A verdict that names what it is about, as a worker that signs says it."""
    return on_report(verdict_on(report, decision), report)


class Site:
    """A daemon that has raised a suspicion on each of two cameras, and an ear on the broker."""

    def __init__(self, daemon: Edge, heard: Ear) -> None:
        self.daemon, self.heard = daemon, heard
        for camera in ("gate", "yard"):
            heard.publish(f"{heard.root}-cameras/{camera}/image", STREET)
        assert heard.wait(lambda: {"gate", "yard"} <= {r.camera for r in heard.reports()})

    def report(self, camera: str) -> ThreatReport:
        return next(report for report in self.heard.reports() if report.camera == camera)

    def say(self, verdict: Verdict, signer: Signer | None, camera: str | None = None) -> None:
        """Published on the topic of `camera`, the verdict's own unless another is named."""
        topic = f"{self.heard.root}/gw/{camera or verdict.camera}/verdict"
        self.heard.publish(topic, frame_verdict(verdict, signer))

    def ask(self, report: ReportId, camera: str, signer: Signer | None) -> None:
        more = EvidenceRequest(
            report_id=report,
            gateway=self.report(camera).gateway,
            camera=CameraId(camera),
            asked_at=SystemClock().now(),
            requests_left=2,
        )
        topic = f"{self.heard.root}/gw/{camera}/verdict"
        self.heard.publish(topic, frame_evidence_request(more, signer))

    def refused(self) -> dict[str, int]:
        """How many answers were refused, by reason, as the metrics say."""
        counts = {}
        for line in self.daemon.get("/metrics")[1].splitlines():
            prefix = 'stillwatch_answers_refused_total{reason="'
            if line.startswith(prefix):
                reason, _, count = line.removeprefix(prefix).partition('"} ')
                counts[reason] = int(float(count))
        return {reason: count for reason, count in counts.items() if count}

    def reasons(self) -> set[str]:
        """Why its health is not the best, as it says now."""
        return {one["reason"] for one in self.daemon.health()["reasons"]}

    def refuses(self, **counts: int) -> bool:
        """Waits until so many were refused for these reasons."""
        wait(self.daemon, lambda: self.refused() == counts)
        return True

    def received(self) -> list[tuple[str, str]]:
        """Report and decision of each verdict that was taken."""
        events = self.daemon.events("verdict_received")
        return [(event["report_id"], event["decision"]) for event in events]

    def takes(self, verdict: Verdict) -> bool:
        """Waits until the verdict was taken."""
        wait(self.daemon, lambda: (verdict.report_id, verdict.decision) in self.received())
        return True


@contextmanager
def site(folder: Path, heard: Ear, broker: Broker, **deliver: object) -> Iterator[Site]:
    """Single pictures, so that each raises a suspicion; deadlines that nobody reaches."""
    config: dict[str, Any] = settings(
        broker, heard.root, folder, deadline_s=600, resend_s=600, **deliver
    )
    config["camera_defaults"] = {"kind": "snapshot"}
    with edge(folder, config) as daemon:
        yield Site(daemon, heard)


def test_a_stranger_closes_nothing_and_the_clouds_word_still_counts(
    mosquitto: Broker, listening: Ear, tmp_path: Path
) -> None:
    keys = [public_text(CLOUD.public)]
    with site(tmp_path, listening, mosquitto, cloud_keys=keys) as here:
        gate, yard = here.report("gate"), here.report("yard")
        here.say(said_on(gate, "refuted"), None)
        here.say(said_on(gate, "refuted"), new_signer())
        forged = frame_verdict(said_on(gate, "confirmed"), CLOUD)
        topic = f"{listening.root}/gw/gate/verdict"
        listening.publish(topic, forged.replace(b"confirmed", b"refuted"))
        assert here.refuses(unsigned=1, foreign_key=1, forged=1)

        here.say(said_on(gate, "confirmed"), CLOUD, camera="yard")
        assert here.refuses(unsigned=1, foreign_key=1, forged=1, other_topic=1)
        replayed = said_on(gate, "refuted").model_copy(update={"manifest": "0" * 64})
        here.say(replayed, CLOUD)
        assert here.refuses(unsigned=1, foreign_key=1, forged=1, other_topic=1, other_report=1)
        assert not here.received()
        wait(here.daemon, lambda: "answers_refused" in here.reasons())

        here.say(said_on(gate, "confirmed"), CLOUD)
        assert here.takes(said_on(gate, "confirmed"))
        here.say(said_on(gate, "refuted"), CLOUD)  # an older word after the newer one
        here.say(said_on(yard, "refuted"), CLOUD)
        assert here.takes(said_on(yard, "refuted"))
        assert here.received() == [(gate.report_id, "confirmed"), (yard.report_id, "refuted")]
        assert listening.wait(lambda: listening.on("gw/gate/threat")[-1:] == [b"ON"])
        assert b"ON" not in listening.on("gw/yard/threat")


def test_without_a_key_topic_camera_and_id_agree_all_the_same_and_it_is_said_at_start(
    mosquitto: Broker, listening: Ear, tmp_path: Path
) -> None:
    with site(tmp_path, listening, mosquitto) as here:
        (said,) = here.daemon.events("verdicts_unsigned")
        assert "deliver.cloud_keys" in said["reason"]
        assert "unsigned" in str(here.daemon.health()["cloud_keys"])
        gate = here.report("gate")
        here.say(said_on(gate, "confirmed"), None, camera="yard")
        posing = json.loads(frame_verdict(said_on(gate, "confirmed")))
        posing["data"]["camera"] = "yard"
        listening.publish(f"{listening.root}/gw/yard/verdict", json.dumps(posing).encode())
        assert here.refuses(other_topic=1, malformed=1)
        here.say(said_on(gate, "refuted"), None)
        assert here.takes(said_on(gate, "refuted"))
        assert b"ON" not in listening.on("gw/yard/threat")


def test_forged_questions_take_no_place_from_true_ones(
    mosquitto: Broker, listening: Ear, tmp_path: Path
) -> None:
    keys = [public_text(CLOUD.public)]
    with site(tmp_path, listening, mosquitto, cloud_keys=keys) as here:
        gate = here.report("gate")
        for track in range(64):
            named = report_id(gate.gateway, gate.camera, 1, track, 0)
            here.ask(named, "gate", new_signer() if track % 2 else None)
        assert here.refuses(unsigned=32, foreign_key=32)
        here.ask(report_id(gate.gateway, gate.camera, 1, 99, 0), "gate", CLOUD)
        assert here.refuses(unsigned=32, foreign_key=32, not_open=1)
        assert not here.daemon.events("evidence_requested")


def test_the_key_is_changed_by_trusting_both_for_a_while_without_a_restart(
    mosquitto: Broker, listening: Ear, tmp_path: Path
) -> None:
    later = new_signer()
    file = tmp_path / "cloud.pub"
    file.write_text(public_text(CLOUD.public))
    with site(tmp_path, listening, mosquitto, cloud_keys=[str(file)]) as here:
        gate, yard = here.report("gate"), here.report("yard")
        here.say(said_on(gate, "refuted"), later)
        assert here.refuses(foreign_key=1)

        config = yaml.safe_load(here.daemon.config.read_text())
        config["deliver"]["cloud_keys"] = [str(file), public_text(later.public)]
        here.daemon.config.write_text(yaml.safe_dump(config))
        here.daemon.process.send_signal(signal.SIGHUP)
        wait(here.daemon, lambda: len(here.daemon.events("cloud_keys_opened")) == 2)
        assert here.daemon.events("cloud_keys_opened")[-1]["keys"] == [CLOUD.key_id, later.key_id]
        here.say(said_on(gate, "refuted"), later)
        here.say(said_on(yard, "refuted"), CLOUD)
        assert here.takes(said_on(gate, "refuted"))
        assert here.takes(said_on(yard, "refuted"))

        file.write_text("nonsense")
        here.daemon.process.send_signal(signal.SIGHUP)
        wait(here.daemon, lambda: bool(here.daemon.events("config_refused")))
        assert "deliver.cloud_keys[0]" in str(here.daemon.events("config_refused"))
        assert here.daemon.health()["cloud_keys"] == [CLOUD.key_id, later.key_id]


@pytest.mark.parametrize("key", ["/nowhere/cloud.pub", "ed25519:short"])
def test_a_key_that_cannot_be_used_is_named_before_the_daemon_runs(
    tmp_path: Path, key: str
) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text(yaml.safe_dump({"deliver": {"cloud_keys": [key]}}))
    for verb in ("check-config", "run"):
        ended = cli(verb, "--config", file, folder=tmp_path)
        assert ended.returncode == 78
        assert "deliver.cloud_keys[0]" in ended.stderr
        assert key in ended.stderr
