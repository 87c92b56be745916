"""A gateway that got another id delivers what waits under the one it was raised with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.warm_worker import WarmWorker
from tests.servers import Broker
from tests.system.daemons import end, wait
from tests.system.sites import STREET, Ear, Edge, edge, settings

pytestmark = pytest.mark.slow


def received(daemon: Edge) -> set[str]:
    """The reports whose verdicts it has taken."""
    return {str(event["report_id"]) for event in daemon.events("verdict_received")}


def test_what_waits_is_decided_and_answered_under_the_former_id(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path, deadline_s=600, resend_s=1)
    config["camera_defaults"] = {"kind": "snapshot"}
    with edge(tmp_path, config) as daemon:
        listening.publish(f"{root}-cameras/gate/image", STREET)
        wait(daemon, lambda: bool(daemon.events("report_sent")))
        assert end(daemon) == 0
    assert listening.wait(lambda: bool(listening.reports()))
    raised = {report.report_id for report in listening.reports()}
    config["gateway"] = {"id": "renamed"}
    with (
        cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{tmp_path / 'store'}", root),
        edge(tmp_path, config) as daemon,
    ):
        wait(daemon, lambda: set(daemon.health()["outbox"]) == {"done"})
        wait(daemon, lambda: received(daemon) == raised)
        assert listening.wait(lambda: listening.on("renamed/gate/threat")[-1:] == [b"ON"])
        listening.publish(f"{root}-cameras/yard/image", STREET)
        assert listening.wait(lambda: len(listening.on("renamed/yard/verdict")) > 0)
    assert {verdict.decision for verdict in listening.verdicts()} == {"confirmed"}
    assert listening.on("renamed/gate/suspect") == []
