"""The manifests: valid by the API's schemas, confined, and in step with the program they run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cloud.settings import Settings, load_settings
from cloud.stages.rules import read_rules
from objectstore.open import read_s3
from objectstore.s3_client import S3Settings
from tests.deploy.conftest import Render
from tests.deploy.manifests import EVERYTHING, OVERLAYS, Object, containers, objects, of_kind, pods
from tools.demo.archive.__main__ import commands

VERSIONS = ("1.29", "1.31", "1.34", "1.37")


@pytest.mark.parametrize("folder", EVERYTHING)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests_are_valid_for_each_version_that_is_about(
    folder: str, version: str, render: Render, programs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(render(folder))
    command = [str(programs / "kubernetes-validate"), "--strict", "-k", version, str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_validator_would_find_a_misspelt_key(
    render: Render, programs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(render("overlays/small").replace("readOnlyRootFilesystem", "readOnlyRoot"))
    done = subprocess.run(
        [str(programs / "kubernetes-validate"), "--strict", str(file)], check=False
    )
    assert done.returncode != 0


@pytest.mark.parametrize("folder", EVERYTHING)
def test_every_pod_keeps_to_the_restricted_profile(folder: str, render: Render) -> None:
    found = list(pods(objects(render(folder))))
    assert found
    for pod in found:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        volumes = {next(kind for kind in one if kind != "name") for one in pod.get("volumes", [])}
        assert volumes <= {"configMap", "secret", "emptyDir", "persistentVolumeClaim"}
        for container in containers(pod):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("folder", EVERYTHING)
def test_no_pod_can_talk_to_the_api_and_each_is_bounded(folder: str, render: Render) -> None:
    for pod in pods(objects(render(folder))):
        assert pod["automountServiceAccountToken"] is False
        for container in containers(pod):
            for bound in ("requests", "limits"):
                assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"][
                    bound
                ].keys() | ({"ephemeral-storage"} if folder == "overlays/gpu" else set())


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_namespace_enforces_the_profile_and_denies_traffic(folder: str, render: Render) -> None:
    found = objects(render(folder))
    labels = of_kind("Namespace", found)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    spec = of_kind("NetworkPolicy", found, "nothing")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("folder", EVERYTHING)
def test_our_images_are_named_by_digest(folder: str, render: Render) -> None:
    for pod in pods(objects(render(folder))):
        for container in containers(pod):
            if "stillwatch" in container["image"]:
                assert "@sha256:" in container["image"]


def settings_in(found: list[Object], folder: Path) -> Settings:
    """As a worker in the rendered pod would read them."""
    file = folder / "cloud.yaml"
    file.write_text(of_kind("ConfigMap", found, "confirm-settings")["data"]["cloud.yaml"])
    environ = of_kind("ConfigMap", found, "where")["data"]
    [container] = of_kind("Deployment", found, "confirm")["spec"]["template"]["spec"]["containers"]
    [threads] = [e for e in container["env"] if e["name"] == "STILLWATCH_CLOUD_THREADS"]
    assert threads["valueFrom"]["resourceFieldRef"]["resource"] == "limits.cpu"
    environ["STILLWATCH_CLOUD_THREADS"] = container["resources"]["limits"]["cpu"]
    return load_settings(file, environ, {})


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_program_accepts_the_settings_and_finds_its_files(
    folder: str, render: Render, tmp_path: Path
) -> None:
    found = objects(render(folder))
    settings = settings_in(found, tmp_path)
    pod = of_kind("Deployment", found, "confirm")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    volumes = {one["name"]: one for one in pod["volumes"]}
    store = read_s3(str(settings.store).removeprefix("s3:"))
    assert isinstance(store, S3Settings)
    for file in (settings.password_file, settings.tls.ca_file, store.credentials_file):
        assert file is not None
        secret = volumes[mounts[str(file.parent)]]["secret"]
        assert file.name in [item["path"] for item in secret["items"]]
    assert settings.wants_tls
    assert settings.threads == int(container["resources"]["limits"]["cpu"])


@pytest.mark.parametrize("folder", OVERLAYS)
def test_a_worker_has_time_to_finish_what_it_holds(
    folder: str, render: Render, tmp_path: Path
) -> None:
    found = objects(render(folder))
    pod = of_kind("Deployment", found, "confirm")["spec"]["template"]["spec"]
    leaving_the_broker_s = 5.0
    work = settings_in(found, tmp_path).work
    assert pod["terminationGracePeriodSeconds"] > work.drain_s + leaving_the_broker_s


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_probes_ask_where_the_worker_answers(
    folder: str, render: Render, tmp_path: Path
) -> None:
    found = objects(render(folder))
    settings = settings_in(found, tmp_path)
    [container] = of_kind("Deployment", found, "confirm")["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [{"containerPort": settings.metrics_port, "name": "http"}]
    assert settings.metrics_host == "0.0.0.0"  # noqa: S104, within the pod; the policy guards it
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert list(container["args"]) == ["serve"]


def test_production_scales_by_work_and_by_what_waits(render: Render) -> None:
    found = objects(render("overlays/production"))
    scaler = of_kind("HorizontalPodAutoscaler", found)["spec"]
    assert [metric["type"] for metric in scaler["metrics"]] == ["Resource", "External"]
    assert "replicas" not in of_kind("Deployment", found, "confirm")["spec"]
    assert of_kind("PodDisruptionBudget", found, "confirm")["spec"]["maxUnavailable"] == 1
    labels = of_kind("Deployment", found, "confirm")["spec"]["template"]["metadata"]["labels"]
    constraints = of_kind("Deployment", found, "confirm")["spec"]["template"]["spec"][
        "topologySpreadConstraints"
    ]
    for one in (*constraints, {"labelSelector": scaler_target(found)}):
        assert one["labelSelector"]["matchLabels"].items() <= labels.items()


def scaler_target(found: list[Object]) -> Object:
    selector: Object = of_kind("PodDisruptionBudget", found, "confirm")["spec"]["selector"]
    return selector


def test_a_gpu_worker_asks_for_one_and_scales_by_what_waits(render: Render) -> None:
    found = objects(render("overlays/gpu"))
    [container] = of_kind("Deployment", found, "confirm")["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert "gpu" in container["image"]
    [metric] = of_kind("HorizontalPodAutoscaler", found)["spec"]["metrics"]
    assert metric["type"] == "External"


def test_a_change_of_settings_is_a_new_roll_out(render: Render) -> None:
    found = objects(render("overlays/production"))
    name = of_kind("ConfigMap", found, "confirm-settings")["metadata"]["name"]
    pod = of_kind("Deployment", found, "confirm")["spec"]["template"]["spec"]
    assert name in [one.get("configMap", {}).get("name") for one in pod["volumes"]]
    assert name != "confirm-settings"


def test_the_archive_job_runs_the_stages_of_make_archive(render: Render, tmp_path: Path) -> None:
    found = objects(render("archive"))
    pod = of_kind("Job", found)["spec"]["template"]["spec"]
    ours = commands(Path("/archive"), Path("/results"), None, Path("/etc/stillwatch/rules.yaml"))
    assert [one["args"] for one in containers(pod)] == [["stage", *command] for command in ours]
    slim = ["slim" in one["image"] for one in containers(pod)]
    assert slim == [True, False, True, True]
    rules = tmp_path / "rules.yaml"
    rules.write_text(of_kind("ConfigMap", found)["data"]["rules.yaml"])
    assert read_rules(rules).threats[0].kind == "person"
