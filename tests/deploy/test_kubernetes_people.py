"""Console, notifications and fleet watch in the cluster: the programs on rendered manifests."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cloud.notify.destinations import build
from cloud.settings import ENV_KEYS, ENV_PREFIX, RetentionSettings, Settings, load_settings
from contract.signature import new_signer, private_pem, public_text
from objectstore.open import read_s3
from objectstore.s3_client import S3Settings
from service.clock import SystemClock
from tests.deploy.conftest import ROOT, Render
from tests.deploy.manifests import (
    EVERYTHING,
    OVERLAYS,
    LaidOut,
    Object,
    containers,
    environment,
    lay_out,
    objects,
    of_kind,
    pods,
)
from tests.processes import HOST, child, free_port, until
from tests.servers import Broker

LayOut = Callable[[list[Object], Path], LaidOut]
KNOWN = {f"{ENV_PREFIX}{key.upper()}" for key in (*ENV_KEYS, "settings")}
SIGNER = new_signer()
SECRETS = {
    "password": "of the broker",
    "ca.crt": "an authority",
    "credentials": "[default]\naws_access_key_id=a\naws_secret_access_key=b\n",
    "key": private_pem(SIGNER).decode(),
    "workers.pub": public_text(SIGNER.public),
    "duty": "whsec_" + "c2VjcmV0IG9mIHRoZSBkdXR5IHJvb20uLi4u",
}


def unknown(found: list[Object]) -> set[str]:
    """Variables that no program of the cloud reads."""
    given = {
        name
        for pod in pods(found)
        for container in containers(pod)
        if "stillwatch" in container["image"]
        for name in environment(container, found)
    }
    return {name for name in given if name.startswith("STILLWATCH")} - KNOWN


def console(found: list[Object], folder: Path) -> LaidOut:
    return lay_out(of_kind("Deployment", found, "console"), found, SECRETS, folder)


def notifier(found: list[Object], folder: Path) -> LaidOut:
    return lay_out(of_kind("StatefulSet", found, "notify"), found, SECRETS, folder)


def watcher(found: list[Object], folder: Path) -> LaidOut:
    return lay_out(of_kind("Deployment", found, "fleet-watch"), found, SECRETS, folder)


def read(pod: LaidOut) -> Settings:
    return load_settings(pod.settings, pod.environ, {})


@pytest.mark.parametrize("folder", EVERYTHING)
def test_no_manifest_names_a_variable_that_no_program_reads(folder: str, render: Render) -> None:
    assert unknown(objects(render(folder))) == set()


def test_a_misspelt_variable_would_be_found(render: Render) -> None:
    text = render("overlays/small").replace("STILLWATCH_CLOUD_STORE", "STILLWATCH_CLOUD_STOER")
    assert unknown(objects(text)) == {"STILLWATCH_CLOUD_STOER"}


@pytest.mark.parametrize("folder", OVERLAYS)
@pytest.mark.parametrize("laid_out", [console, notifier])
def test_the_programs_accept_their_settings_and_find_their_files(
    folder: str, laid_out: LayOut, render: Render, tmp_path: Path
) -> None:
    pod = laid_out(objects(render(folder)), tmp_path)
    settings = read(pod)
    store = read_s3(str(settings.store).removeprefix("s3:"))
    assert isinstance(store, S3Settings)
    files = [settings.password_file, settings.tls.ca_file, store.credentials_file]
    files += [settings.signing_key] if laid_out is console else settings.trusted_keys
    for file in files:
        assert file is not None
        assert file.is_relative_to(pod.folder)
        assert file.is_file()
    assert settings.wants_tls


@pytest.mark.parametrize("folder", OVERLAYS)
def test_where_people_come_in_is_said_the_same_everywhere(
    folder: str, render: Render, tmp_path: Path
) -> None:
    found = objects(render(folder))
    own = read(pod := console(found, tmp_path)).console
    [rule] = of_kind("Ingress", found)["spec"]["rules"]
    assert own.url == f"https://{rule['host']}"
    backend = rule["http"]["paths"][0]["backend"]["service"]
    service = of_kind("Service", found, backend["name"])["spec"]
    assert [port["targetPort"] for port in service["ports"]] == [backend["port"]["name"]]
    assert pod.container["ports"] == [{"containerPort": own.address[1], "name": "http"}]
    policy = of_kind("NetworkPolicy", found, "console")["spec"]
    assert policy["ingress"][0]["ports"] == [{"port": own.address[1], "protocol": "TCP"}]
    assert read(notifier(found, tmp_path / "notify")).notify.link == own.url + "/alarms/{id}"


@pytest.mark.parametrize("folder", OVERLAYS)
def test_a_queue_has_one_process_and_a_volume(folder: str, render: Render, tmp_path: Path) -> None:
    found = objects(render(folder))
    workload = of_kind("StatefulSet", found, "notify")["spec"]
    assert workload["replicas"] == 1
    pod = notifier(found, tmp_path)
    [claim] = workload["volumeClaimTemplates"]
    [there] = [m for m in pod.container["volumeMounts"] if m["name"] == claim["metadata"]["name"]]
    assert read(pod).notify.state.is_relative_to(f"{tmp_path}{there['mountPath']}")


def test_where_several_consoles_may_run_their_databases_are_postgresql(
    render: Render, tmp_path: Path
) -> None:
    found = objects(render("overlays/production"))
    settings = read(console(found, tmp_path))
    assert settings.index.url.startswith("postgresql:")
    assert settings.console.accounts.startswith("postgresql:")
    for file in (settings.index.password_file, settings.console.accounts_password_file):
        assert file is not None
        assert file.read_text() == SECRETS["password"]
    assert of_kind("PodDisruptionBudget", found, "console")["spec"]["maxUnavailable"] == 1


def test_in_a_small_cluster_one_console_at_a_time_has_them_in_its_volume(
    render: Render, tmp_path: Path
) -> None:
    found = objects(render("overlays/small"))
    workload = of_kind("Deployment", found, "console")["spec"]
    assert (workload["replicas"], workload["strategy"]) == (1, {"type": "Recreate"})
    settings = read(console(found, tmp_path))
    for url in (settings.index.url, settings.console.accounts):
        assert url.startswith(f"sqlite:///{tmp_path}/var/lib/stillwatch/")


@contextmanager
def started(pod: LaidOut, mosquitto: Broker, port: int) -> Iterator[None]:
    """What the manifest starts, with its variables, at the test's broker; once `port` listens."""
    environ = pod.environ | {
        "STILLWATCH_CLOUD_BROKER": f"mqtt://{HOST}:{mosquitto.port}",
        "STILLWATCH_CLOUD_STORE": f"dir:{pod.folder}/store",
        "STILLWATCH_CLOUD_ROOT": "kube-people",
    }
    variables = [f"{name}={value}" for name, value in environ.items()]
    command = ["env", "-C", str(ROOT), *variables, sys.executable, "-m", "cloud"]
    log = pod.folder / "log"
    with child([*command, *pod.container["args"]], log) as process:
        until(lambda: ask(port, "localhost") != 0, process, log)
        yield


def ask(port: int, host: str) -> int:
    """The status of /healthz, asked under a name; 0 while nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def probe(pod: LaidOut, kind: str, port: int) -> int:
    """As the kubelet would: under the pod's address, unless the manifest says another name."""
    asked = pod.container[kind]["httpGet"]
    assert (asked["path"], asked["port"]) == ("/healthz", "http")
    [host] = [one["value"] for one in asked.get("httpHeaders", [{"value": "10.1.2.3"}])]
    return ask(port, host)


def test_what_is_over_is_removed_once_a_day_by_the_command_as_it_stands_there(
    render: Render, tmp_path: Path
) -> None:
    found = objects(render("retain"))
    job = of_kind("CronJob", found)
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = lay_out(job, found, SECRETS, tmp_path)
    (tmp_path / "store").mkdir()
    variables = [f"{key}={value}" for key, value in pod.environ.items()]
    variables.append(f"STILLWATCH_CLOUD_STORE=dir:{tmp_path}/store")
    command = ["env", "-C", str(ROOT), *variables, sys.executable, "-m", "cloud"]
    subprocess.run([*command, *pod.container["args"]], check=True, timeout=120)
    assert read(pod).retention == RetentionSettings()


@pytest.mark.parametrize("folder", ["overlays/small", "overlays/production"])
def test_the_console_starts_and_answers_its_probes(
    folder: str,
    render: Render,
    mosquitto: Broker,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    pod, port = console(objects(render(folder)), tmp_path), free_port()
    pod.replace("0.0.0.0:8484", f"{HOST}:{port}")
    if folder == "overlays/production":
        database = request.getfixturevalue("postgresql").new_database()
        pod.replace("postgresql://stillwatch@postgresql.example:5432/stillwatch", database)
    with started(pod, mosquitto, port):
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert probe(pod, kind, port) == 200
        assert ask(port, "10.1.2.3") == 400
    assert "/welcome/" in (tmp_path / "log").read_text()


def check_probed(pod: LaidOut, mosquitto: Broker) -> None:
    """It starts, and answers each of its probes at the port of its metrics."""
    port = free_port()
    pod.replace("metrics_host: 0.0.0.0", f"metrics_host: {HOST}")
    pod.replace(
        f"metrics_port: {pod.container['ports'][0]['containerPort']}", f"metrics_port: {port}"
    )
    with started(pod, mosquitto, port):
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert probe(pod, kind, port) == 200


def test_who_tells_starts_keeps_its_queue_in_the_volume_and_answers_its_probes(
    render: Render, mosquitto: Broker, tmp_path: Path
) -> None:
    pod = notifier(objects(render("overlays/small")), tmp_path)
    check_probed(pod, mosquitto)
    assert (tmp_path / "var/lib/stillwatch/notify").is_dir()
    assert sorted(build(read(pod).notify, {}, SystemClock())) == ["duty"]


def test_who_says_who_is_silent_starts_and_answers_its_probes(
    render: Render, mosquitto: Broker, tmp_path: Path
) -> None:
    check_probed(watcher(objects(render("overlays/production")), tmp_path), mosquitto)
