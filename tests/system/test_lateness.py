"""What waits too long is said: in health, in figures, and in the alarm itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Broker
from tests.system.daemons import unready, wait
from tests.system.sites import STREET, Ear, Edge, ear, edge, settings, uplink
from tests.system.test_two_brokers import answer

pytestmark = pytest.mark.slow


def late(daemon: Edge) -> set[str]:
    """Who waits for too long, by `/healthz`."""
    reasons: list[dict[str, Any]] = daemon.health().get("reasons", [])
    return {reason.get("of", "") for reason in reasons if reason["reason"] == "delivery_late"}


def figure(daemon: Edge, name: str) -> float:
    """A figure in `/metrics`, with its labels as they are spelled there."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", daemon.get("/metrics")[1], re.MULTILINE)
    return float(found[1]) if found else -1.0


def test_reports_that_nobody_decides_on_degrade_health_and_are_told_with_their_age(
    mosquitto: Broker, root: str, listening: Ear, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path, deadline_s=3, late_s=2, resend_s=4)
    config["camera_defaults"] = {"kind": "snapshot"}
    with edge(tmp_path, config) as daemon:
        listening.publish(f"{root}-cameras/gate/image", STREET)
        wait(daemon, lambda: late(daemon) == {"reports"})
        assert daemon.health()["status"] == "degraded"
        assert daemon.health()["oldest_report_s"] >= 2
        assert figure(daemon, "stillwatch_outbox_oldest_seconds") >= 2
        assert listening.wait(
            lambda: json.loads(listening.on("gw/stats")[-1])["oldest_report_s"] >= 2
        )
        assert listening.wait(lambda: len(listening.verdicts()) > 0)
        (unconfirmed,) = listening.verdicts()[:1]
        assert (unconfirmed.age_s or 0) >= 3
        assert listening.wait(lambda: (listening.reports()[-1].age_s or 0) >= 4)
        reports = {report.report_id: report for report in listening.reports()}
        for report in reports.values():
            answer(listening, report, "confirmed")
        wait(daemon, lambda: daemon.health()["status"] == "ok")
        assert figure(daemon, "stillwatch_verdict_age_seconds_count") == len(reports)
        assert figure(daemon, 'stillwatch_verdict_age_seconds_bucket{le="2"}') == 0
        assert (
            figure(daemon, 'stillwatch_notifications_total{destination="site",state="delivered"}')
            >= 1
        )


def test_a_destination_that_is_away_is_named_with_what_waits_for_it(
    site_broker: Broker, cloud_broker: Broker, root: str, tmp_path: Path
) -> None:
    config = settings(
        site_broker, root, tmp_path, uplink=uplink(cloud_broker), deadline_s=1, late_s=2
    )
    config["camera_defaults"] = {"kind": "snapshot"}
    cloud_broker.process.kill()
    with ear(site_broker, root) as site, unready(tmp_path, config) as daemon:
        assert site.wait(lambda: b"online" in site.on("gw/status"))
        site.publish(f"{root}-cameras/gate/image", STREET)
        assert site.wait(lambda: len(site.verdicts()) > 0)
        wait(daemon, lambda: late(daemon) == {"reports", "cloud"})
        waiting = daemon.health()["destinations"]
        assert waiting["cloud"]["waiting"] >= 1
        assert waiting["site"]["waiting"] == 0
        assert figure(daemon, 'stillwatch_notifications_waiting{destination="cloud"}') >= 1
        assert figure(daemon, 'stillwatch_notifications_oldest_seconds{destination="cloud"}') > 2
        assert (
            figure(daemon, 'stillwatch_notifications_total{destination="site",state="delivered"}')
            >= 1
        )
