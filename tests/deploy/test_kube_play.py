"""The production Deployment, run by `podman kube play`: three workers share one queue of reports.

Needs the cloud's image: `STILLWATCH_CLOUD_IMAGE` names it in the store that podman sees. There is
no API server here: each pod stands for a replica, on the host's network, with a port of its own.
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.signature import new_signer, private_pem
from objectstore.open import open_store
from tests.deploy.conftest import Render
from tests.deploy.engine import image, inspect, log, podman
from tests.deploy.manifests import of_kind
from tests.integration.cloud_workers import STREET, WALKER, Gateway
from tests.processes import HOST, POLL_S, START_S, fetch, free_port
from tests.servers import S3, Broker

IMAGE = "STILLWATCH_CLOUD_IMAGE"
REPLICAS = 3
REPORTS = 40
ROUNDS = 12
"""So often is repeated what has no verdict, as gateways do."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A pod from the Deployment; podman names its container so."""

    name: str
    port: int
    manifest: Path

    @property
    def container(self) -> str:
        return f"{self.name}-pod-0-confirm"

    def healthy(self) -> bool:
        return fetch(self.port, "/healthz")[0] == 200


def manifest(found: list[dict[str, Any]], name: str, port: int, where: dict[str, str]) -> str:
    """The Deployment under another name, with what differs on a machine without a cluster."""
    maps = [copy.deepcopy(one) for one in found if one["kind"] == "ConfigMap"]
    kept = [*maps, deployment := copy.deepcopy(of_kind("Deployment", found, "confirm"))]
    for one in kept:
        if "STILLWATCH_CLOUD_BROKER" in one.get("data", {}):
            one["data"] = where
    deployment["metadata"]["name"] = name
    pod = deployment["spec"]["template"]["spec"]
    pod["hostNetwork"] = True
    [container] = pod["containers"]
    container |= {"image": image(IMAGE), "imagePullPolicy": "Never", "ports": []}
    container["env"].append({"name": "STILLWATCH_CLOUD_METRICS_PORT", "value": str(port)})
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        container[probe]["httpGet"]["port"] = port
    return yaml.safe_dump_all(kept)


def secret(name: str, data: dict[str, str]) -> None:
    """As this podman wants it: the values are taken as they stand, not as base64."""
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
    podman("secret", "create", name, "-", stdin=yaml.safe_dump(body))


def volumes() -> set[str]:
    return set(podman("volume", "ls", "--format", "{{.Name}}").split())


@pytest.fixture(scope="module")
def replicas(
    render: Render, mosquitto: Broker, seaweedfs: S3, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Replica]]:
    """Three healthy workers at the session's broker and store."""
    image(IMAGE)
    found = [one for one in yaml.safe_load_all(render("overlays/production")) if one]
    keys = f"endpoint_url={seaweedfs.endpoint_url}&credentials_file=/run/secrets/store/credentials"
    where = {
        "STILLWATCH_CLOUD_BROKER": f"mqtt://{HOST}:{mosquitto.port}",
        "STILLWATCH_CLOUD_STORE": f"s3:{seaweedfs.bucket}?{keys}",
        "STILLWATCH_CLOUD_ROOT": "kube",
    }
    before = volumes()
    secret("broker", {"password": "x", "ca.crt": "x"})
    secret("store", {"credentials": seaweedfs.credentials_file.read_text()})
    secret("signing", {"key": private_pem(new_signer()).decode()})
    started: list[Replica] = []
    try:
        for number in range(REPLICAS):
            name, port = f"confirm{number}", free_port()
            file = tmp_path_factory.mktemp("pods") / f"{name}.yaml"
            file.write_text(manifest(found, name, port, where))
            started.append(Replica(name, port, file))
            podman("kube", "play", "--network", "host", str(file))
        for one in started:
            wait_healthy(one)
        yield started
    finally:
        for one in started:
            podman("kube", "play", "--down", str(one.manifest))
        podman("secret", "rm", "broker", "store", "signing")
        for name in volumes() - before:
            podman("volume", "rm", name)


def wait_healthy(replica: Replica) -> None:
    """Waits for the model to be opened; fails with the end of the log."""
    never = threading.Event()
    for _ in range(int(START_S / POLL_S)):
        if replica.healthy():
            return
        never.wait(POLL_S)
    raise AssertionError(log(replica.container)[-2000:])


def test_of_three_workers_on_one_queue_one_is_killed_and_no_report_is_lost_or_decided_twice(
    replicas: list[Replica], mosquitto: Broker, seaweedfs: S3
) -> None:
    gateway = Gateway(store=open_store(seaweedfs.spec()), root="kube", broker=mosquitto)
    evidence = gateway.keep(STREET.read_bytes())
    reports = [gateway.suspect(track, WALKER, evidence) for track in range(REPORTS)]
    gateway.send(reports)
    assert gateway.hears(3)
    podman("kill", replicas[0].container)
    for heard in itertools.islice(itertools.count(10, 5), ROUNDS):
        gateway.hears(min(heard, REPORTS))
        missing = [one for one in reports if not gateway.heard[one.report_id]]
        if not missing:
            break
        gateway.send(missing)
    assert gateway.answered(reports)
    assert set(gateway.decisions(reports)) == {"confirmed"}
    gateway.link.stop(5.0)


def test_a_worker_that_is_told_to_go_leaves_in_order(replicas: list[Replica]) -> None:
    grace = yaml.safe_load_all(replicas[1].manifest.read_text())
    [seconds] = [
        one["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        for one in grace
        if one["kind"] == "Deployment"
    ]
    podman("stop", "--time", str(seconds), replicas[1].container)
    assert inspect(replicas[1].container)["State"]["ExitCode"] == 0


def test_a_worker_is_confined_as_the_manifest_says(replicas: list[Replica]) -> None:
    facts = inspect(replicas[2].container)
    assert facts["HostConfig"]["ReadonlyRootfs"]
    assert facts["HostConfig"]["Memory"] == 2 * 2**30
    assert facts["EffectiveCaps"] in (None, [])
    assert facts["Config"]["User"] == "10001:10001"
