"""A stored picture is damaged or gone before it was decided: the gateway still has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from contract.keys import is_evidence_key
from contract.report import ThreatReport
from tests.integration.warm_worker import WarmWorker
from tests.servers import S3, Broker
from tests.system.daemons import wait
from tests.system.sites import STREET, Ear, edge, settings

pytestmark = pytest.mark.slow

Damage = Callable[[str], None]


def in_s3(server: S3, deleted: bool) -> Damage:
    """Flips the lowest bit in the middle of an object, or deletes it."""
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )

    def damage(key: str) -> None:
        assert is_evidence_key(key)
        if deleted:
            client.delete_object(Bucket=server.bucket, Key=key)
            return
        body = bytearray(client.get_object(Bucket=server.bucket, Key=key)["Body"].read())
        body[len(body) // 2] ^= 1
        client.put_object(Bucket=server.bucket, Key=key, Body=bytes(body))

    return damage


def in_folder(folder: Path, deleted: bool) -> Damage:
    def damage(key: str) -> None:
        file = folder / key
        if deleted:
            file.unlink()
            return
        body = bytearray(file.read_bytes())
        body[len(body) // 2] ^= 1
        file.write_bytes(body)

    return damage


def sent(heard: Ear) -> dict[str, ThreatReport]:
    """The latest of each report."""
    return {report.report_id: report for report in heard.reports()}


@pytest.mark.parametrize("kind", ["dir", "s3"])
@pytest.mark.parametrize("deleted", [False, True])
def test_the_gateway_stores_it_again_and_the_threat_is_confirmed(
    mosquitto: Broker,
    cloud: WarmWorker,
    root: str,
    listening: Ear,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    kind: str,
    deleted: bool,
) -> None:
    store: dict[str, object] = {"type": "dir", "path": str(tmp_path / "store")}
    spec, damage = f"dir:{tmp_path / 'store'}", in_folder(tmp_path / "store", deleted)
    if kind == "s3":
        server: S3 = request.getfixturevalue("seaweedfs")
        spec, damage = server.spec(), in_s3(server, deleted)
        store = {
            "type": "s3",
            "bucket": server.bucket,
            "endpoint_url": server.endpoint_url,
            "credentials_file": str(server.credentials_file),
        }
    config = settings(mosquitto, root, tmp_path, store=store, resend_s=3, deadline_s=600)
    config["camera_defaults"] = {"kind": "snapshot"}
    with edge(tmp_path, config) as daemon:
        listening.publish(f"{root}-cameras/gate/image", STREET)
        assert listening.wait(lambda: len(sent(listening)) > 0)
        for report in sent(listening).values():
            for ref in report.evidence:
                damage(ref.key)
        with cloud.serving(tmp_path / "cloud", mosquitto, spec, root):
            raised = {str(event["report_id"]) for event in daemon.events("suspicion_raised")}
            assert listening.wait(lambda: {v.report_id for v in listening.verdicts()} >= raised)
        assert {verdict.decision for verdict in listening.verdicts()} == {"confirmed"}
        assert listening.wait(lambda: listening.on("gw/gate/threat")[-1:] == [b"ON"])
        assert any(request.unreadable for request in listening.evidence_requests())
        wait(daemon, lambda: bool(daemon.events("evidence_doubted")))
        assert all(report.restores_left < 2 for report in sent(listening).values())


def test_what_nobody_can_read_is_an_alarm_as_if_nobody_had_answered(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    """The worker reads another store than the gateway writes, so no repetition helps."""
    config = settings(mosquitto, root, tmp_path, resend_s=3, deadline_s=600)
    config["camera_defaults"] = {"kind": "snapshot"}
    with (
        cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{tmp_path / 'elsewhere'}", root),
        edge(tmp_path, config) as daemon,
    ):
        listening.publish(f"{root}-cameras/gate/image", STREET)
        assert listening.wait(lambda: len(listening.verdicts()) > 0)
        assert {verdict.decision for verdict in listening.verdicts()} == {"inconclusive"}
        assert listening.wait(lambda: listening.on("gw/gate/threat")[-1:] == [b"ON"])
        wait(daemon, lambda: daemon.health()["outbox"].get("done", 0) > 0)
    evidence_requests = [request.report_id for request in listening.evidence_requests()]
    assert {evidence_requests.count(report) for report in evidence_requests} <= {
        2,
        3,
    }  # asked twice, or lost once
