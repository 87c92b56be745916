"""Site and cloud have a broker each: who is told what, how often, and who waits for whom."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contract.cloudevent import CONTENT_TYPE, frame_verdict
from contract.report import ThreatReport
from contract.verdict import Decision
from tests import servers
from tests.servers import Broker
from tests.system.daemons import unready, wait
from tests.system.sites import PATIENCE_S, STREET, Ear, Edge, ear, edge, settings, uplink
from tests.verdicts import verdict_on

pytestmark = pytest.mark.slow


def told(heard: Ear) -> Counter[tuple[str, str]]:
    """How often each decision on each report was said at a broker."""
    return Counter((verdict.report_id, verdict.decision) for verdict in heard.verdicts())


def answer(heard: Ear, report: ThreatReport, decision: Decision) -> None:
    """What a worker says at the cloud's broker."""
    topic = f"{heard.root}/{report.gateway}/{report.camera}/verdict"
    said = frame_verdict(verdict_on(report, decision))
    heard.link.publish(topic, said, content_type=CONTENT_TYPE).wait(PATIENCE_S)


def alarm(site: Ear, cameras: int = 1) -> list[str]:
    """Single pictures of as many cameras; their names."""
    names = [f"gate{number}" for number in range(cameras)]
    for name in names:
        site.publish(f"{site.root}-cameras/{name}/image", STREET)
    return names


def configured(
    site: Broker, cloud: Broker, root: str, folder: Path, **deliver: object
) -> dict[str, Any]:
    config = settings(site, root, folder, uplink=uplink(cloud), **deliver)
    config["camera_defaults"] = {"kind": "snapshot"}
    return config


def raised(daemon: Edge, count: int) -> list[str]:
    wait(daemon, lambda: len(daemon.events("suspicion_raised")) >= count)
    return [str(event["report_id"]) for event in daemon.events("suspicion_raised")]


def test_with_the_clouds_broker_away_the_site_hears_of_each_threat_at_once_and_once(
    site_broker: Broker, tmp_path: Path, root: str
) -> None:
    folder = tmp_path / "cloud-broker"
    folder.mkdir()
    with servers.mosquitto(folder) as away:
        pass
    config = configured(site_broker, away, root, tmp_path, deadline_s=2)
    with ear(site_broker, root) as site, unready(tmp_path, config) as daemon:
        wait(daemon, lambda: site.on("gw/status") == [b"online"])
        alarm(site, cameras=3)
        reports = raised(daemon, 3)
        expected = Counter({(report, "unconfirmed"): 1 for report in reports})
        assert site.wait(lambda: told(site) == expected), told(site)
        with servers.mosquitto(folder, port=away.port) as back, ear(back, root) as cloud:
            assert cloud.wait(lambda: told(cloud) == expected), told(cloud)
            assert cloud.wait(lambda: {r.report_id for r in cloud.reports()} >= set(reports))
            answer(cloud, cloud.reports()[0], "confirmed")
            confirmed = expected + Counter({(cloud.reports()[0].report_id, "confirmed"): 1})
            assert site.wait(lambda: told(site) == confirmed), told(site)
            assert told(cloud) == confirmed  # the last of which the worker said itself
    assert told(site) == confirmed


def test_a_site_broker_that_hangs_costs_the_cloud_nothing_and_the_reverse(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = configured(site_broker, cloud_broker, root, tmp_path, deadline_s=4, resend_s=60)
    with (
        ear(site_broker, root) as site,
        ear(cloud_broker, root) as cloud,
        edge(tmp_path, config) as daemon,
    ):
        alarm(site, cameras=4)
        reports = raised(daemon, 4)
        site_broker.process.send_signal(signal.SIGSTOP)
        try:
            assert cloud.wait(lambda: {r.report_id for r in cloud.reports()} == set(reports))
            expected = Counter({(report, "unconfirmed"): 1 for report in reports})
            assert cloud.wait(lambda: told(cloud) == expected), told(cloud)
        finally:
            site_broker.process.send_signal(signal.SIGCONT)
        assert site.wait(lambda: told(site) == expected), told(site)
        cloud_broker.process.send_signal(signal.SIGSTOP)
        try:
            site.publish(f"{root}-cameras/other/image", STREET)
            (fresh,) = set(raised(daemon, 5)) - set(reports)
            expected[fresh, "unconfirmed"] = 1
            assert site.wait(lambda: told(site) == expected), told(site)
        finally:
            cloud_broker.process.send_signal(signal.SIGCONT)
        assert cloud.wait(lambda: told(cloud) == expected), told(cloud)
    assert told(site) == expected
    assert told(cloud) == expected


def test_an_uplink_that_refuses_verdicts_does_not_hold_up_the_site(
    site_broker: Broker, tmp_path: Path, root: str
) -> None:
    folder = tmp_path / "strict-broker"
    folder.mkdir()
    acl = folder / "acl"
    acl.write_text(f"topic read {root}/+/+/verdict\ntopic {root}/+/+/suspect\n")
    with (
        servers.mosquitto(folder, config=f"acl_file {acl}") as strict,
        ear(site_broker, root) as site,
    ):
        config = configured(site_broker, strict, root, tmp_path, deadline_s=2)
        with edge(tmp_path, config) as daemon:
            alarm(site, cameras=3)
            expected = Counter({(report, "unconfirmed"): 1 for report in raised(daemon, 3)})
            assert site.wait(lambda: told(site) == expected), told(site)
            wait(daemon, lambda: len(daemon.events("notification_failed")) == 3)
            ended = daemon.events("notification_failed")
            assert {(one["destination"], one["state"]) for one in ended} == {("cloud", "refused")}
        assert told(site) == expected
