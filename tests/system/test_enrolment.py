"""A gateway that makes its own key: enrolled at a real service, let in by the shipped broker,
renewed, revoked, and out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from contract.cloudevent import read_report
from objectstore.open import open_store
from tests import authorities
from tests.links import Inbox, running
from tests.processes import HOST, accepts, child, lasting_port, until
from tests.servers import S3, Broker
from tests.shipped_brokers import Secured, cloud_broker
from tests.system.daemons import logged, wait
from tests.system.sites import CHECKOUT, PATIENCE_S, STREET, Edge, ear, edge, settings
from tests.system.test_certificates import broker_section

pytestmark = pytest.mark.slow


def enrol(*arguments: str) -> str:
    """One call of the operator's command, which must succeed; what it prints."""
    command = [sys.executable, "-m", "cloud", "enrol", *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def service(
    folder: Path, authority: Path, port: int, days: float = 90.0, *extra: str
) -> Iterator[None]:
    """`enrol serve` as a process, with a certificate of its own authority `web.crt`."""
    own = authorities.issue(folder, folder / "web.crt", "service")
    log = folder / "enrol.log"
    command = ["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "cloud", "enrol", "serve"]
    command += ["--authority", str(authority), "--listen", f"{HOST}:{port}", "--days", str(days)]
    command += ["--certificate", str(own.cert_file), "--key", str(own.key_file), *extra]
    with child(command, log) as process:
        until(lambda: accepts(port), process, log)
        yield


def configured(site: Broker, cloud: Secured, root: str, folder: Path, port: int) -> dict[str, Any]:
    """A gateway that has no certificate, and a token."""
    broker = {"host": HOST, "port": cloud.ports[0], "reconnect_max_s": 1}
    uplink = broker | {"tls": {"ca_file": str(cloud.vouches)}}
    config = settings(site, root, folder, uplink=uplink)
    config["deliver"]["root"] = "stillwatch"
    config["gateway"]["id"] = "yard-7"
    config["intake"]["topics"] = [f"{root}/{{camera}}/image"]
    config["enrolment"] = {
        "url": f"https://{HOST}:{port}",
        "ca_file": str(folder / "web.crt"),
        "token_file": str(folder / "token"),
    }
    return config


def reasons(daemon: Edge) -> list[str]:
    return [one["reason"] for one in daemon.health().get("reasons", ())]


def held(folder: Path) -> x509.Certificate:
    file = folder / "outbox" / "identity" / "gateway.crt"
    return x509.load_pem_x509_certificate(file.read_bytes())


@contextmanager
def started(folder: Path, config: dict[str, Any]) -> Iterator[Edge]:
    """The daemon as soon as it answers, for its health is not ok yet."""
    file, log = folder / "edge.yaml", folder / "edge.log"
    file.write_text(yaml.safe_dump(config))
    command = ["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "edge", "run"]
    with child([*command, "--config", str(file)], log) as process:
        port = config["runtime"]["metrics_port"]
        running_ = Edge(process=process, port=port, log=log, config=file)
        until(lambda: running_.health() != {}, process, log)
        yield running_


def test_a_gateway_enrols_by_itself_and_is_out_once_it_is_revoked(
    site_broker: Broker, tmp_path: Path, root: str
) -> None:
    port, cloud_folder, fleet = lasting_port(), tmp_path / "cloud", Inbox()
    cloud_folder.mkdir()
    authorities.authority(tmp_path, "web")
    with cloud_broker(cloud_folder) as cloud:
        authority = cloud.authorities[0]
        pid = tmp_path / "mosquitto.pid"
        pid.write_text(str(cloud.process.pid))
        own = ["--authority", str(authority)]
        (tmp_path / "token").write_text(enrol("token", "yard-7", *own) + "\n")
        statuses = ("stillwatch/yard-7/status",)
        config = configured(site_broker, cloud, root, tmp_path, port)
        with (
            running(cloud.settings("fleet", 1), fleet, statuses) as office,
            started(tmp_path, config) as daemon,
        ):
            assert office.wait_ready(PATIENCE_S)
            wait(daemon, lambda: "not_enrolled" in reasons(daemon))
            logged(daemon, "enrolment_failed")
            with service(tmp_path, authority, port):
                assert fleet.next().payload == b"online"
                wait(daemon, lambda: daemon.health()["status"] == "ok")
                assert "good     yard-7" in enrol("list", *own)
                where = broker_section(cloud.settings("confirm", 1))
                workers = tmp_path / "workers.yaml"
                workers.write_text(yaml.safe_dump({"tls": where["tls"]}))
                end = ["--broker-pid", str(pid), "--end-connection", "--settings", str(workers)]
                end += ["--broker", f"mqtts://{HOST}:{cloud.ports[1]}"]
                enrol("revoke", "yard-7", *own, *end)
                assert fleet.next().payload == b"offline"
                wait(daemon, lambda: "link_down" in reasons(daemon))
                # a token for the same device lets it in again, without a restart
                (tmp_path / "token").write_text(enrol("token", "yard-7", *own))
                assert fleet.next().payload == b"online"
                assert {"revoked", "good"} == {
                    line.split()[0] for line in enrol("list", *own).splitlines() if "yard" in line
                } - {"token"}


def test_a_certificate_is_renewed_before_it_ends_and_the_connection_stays(
    site_broker: Broker, tmp_path: Path, root: str
) -> None:
    port, cloud_folder = lasting_port(), tmp_path / "cloud"
    cloud_folder.mkdir()
    authorities.authority(tmp_path, "web")
    with cloud_broker(cloud_folder) as cloud:
        authority = cloud.authorities[0]
        token = enrol("token", "yard-7", "--authority", str(authority))
        (tmp_path / "token").write_text(token)
        config = configured(site_broker, cloud, root, tmp_path, port)
        with (
            # ends in 26 s; it was backdated by ten minutes, so two thirds of its life are over
            service(tmp_path, authority, port, days=0.0003),
            edge(tmp_path, config) as daemon,
        ):
            first = held(tmp_path).serial_number
            logged(daemon, "certificate_received", count=2)
            wait(daemon, lambda: held(tmp_path).serial_number != first)
            assert not daemon.events("link_lost")
            assert "not_enrolled" not in reasons(daemon)


def test_a_gateway_without_any_secret_of_the_store_delivers_its_evidence(
    site_broker: Broker, tmp_path: Path, root: str, seaweedfs: S3
) -> None:
    port, cloud_folder, reports = lasting_port(), tmp_path / "cloud", Inbox()
    cloud_folder.mkdir()
    authorities.authority(tmp_path, "web")
    with cloud_broker(cloud_folder) as cloud:
        authority = cloud.authorities[0]
        (tmp_path / "token").write_text(enrol("token", "yard-7", "--authority", str(authority)))
        config = configured(site_broker, cloud, root, tmp_path, port)
        config["deliver"]["store"] = {"type": "s3", "bucket": seaweedfs.bucket, "signed": True}
        config["camera_defaults"] = {"kind": "snapshot"}
        with (
            service(tmp_path, authority, port, 90.0, "--store", seaweedfs.spec(60)),
            running(cloud.settings("fleet", 1), reports, ("stillwatch/+/+/suspect",)) as office,
            ear(site_broker, root) as site,
            edge(tmp_path, config) as daemon,
        ):
            assert office.wait_ready(PATIENCE_S)
            site.publish(f"{root}/gate/image", STREET)
            logged(daemon, "report_sent")
            report = read_report(reports.next().payload)
            store = open_store(seaweedfs.spec(60))
            for one in report.evidence:
                assert len(store.get(one.key, 10_000_000)) == one.bytes
                assert one.key.startswith("evidence/yard-7/gate/")
            assert "aws" not in daemon.config.read_text()
