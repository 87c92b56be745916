"""The edge's image on this machine's architecture: what is in it, what it may, what it does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.images.containers import (
    ALONE,
    SECRET,
    STATE,
    edge,
    ended,
    inspected,
    memory,
    python,
    replayed,
    worker,
)
from tests.servers import S3, Broker
from tests.system.sites import WALKERS, clip, ear, play, settings
from tools import CHECKOUT
from tools.build.images.build import EDGE_AMD64, build
from tools.build.images.engine import Engine

SELF_TEST = CHECKOUT / "models" / "self_test"

WHO_AM_I = """
import json, os
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
def refusal(path):
    try:
        open(path, "w")
    except OSError as error:
        return error.errno
names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
print(json.dumps({
    "ids": [os.getuid(), os.getgid()],
    "capabilities": [int(status[name], 16) for name in names],
    "no_new_privileges": int(status["NoNewPrivs"]),
    "filtered": int(status["Seccomp"]),
    "refusals": [refusal(path) for path in ("/x", "/tmp/x", "/opt/stillwatch/x")],
}))
"""
READ_ONLY = 30


def test_it_runs_as_nobody_special_and_writes_nowhere(engine: Engine, edge_amd64: str) -> None:
    assert json.loads(python(engine, edge_amd64, WHO_AM_I)) == {
        "ids": [10001, 10001],
        "capabilities": [0] * 5,
        "no_new_privileges": 1,
        "filtered": 2,
        "refusals": [READ_ONLY] * 3,
    }


def test_it_holds_the_edge_both_runtimes_and_systemd_and_nothing_of_the_cloud(
    engine: Engine, edge_amd64: str
) -> None:
    code = """
import importlib.util as find, json, pathlib, ssl, zoneinfo
import ai_edge_litert.interpreter, tflite_runtime.interpreter, systemd.daemon, systemd.journal
app = pathlib.Path("/opt/stillwatch")
print(json.dumps({
    "there": [name for name in ("cloud", "tensorflow", "pip") if find.find_spec(name)],
    "models": sorted(path.parent.name for path in app.glob("models/*/manifest.json")),
    "authorities": len(ssl.create_default_context().get_ca_certs()) > 100,
    "time zones": zoneinfo.ZoneInfo("Europe/Lisbon").key,
    "programs": sorted(path.name for path in pathlib.Path("/usr/bin").iterdir()),
}))
"""
    assert json.loads(python(engine, edge_amd64, code)) == {
        "there": [],
        "models": ["nanodet-g-320-int8", "nanodet-g-416-int8"],
        "authorities": True,
        "time zones": "Europe/Lisbon",
        "programs": ["cat", "dash", "ls", "python", "python3", "python3.11", "sh"],
    }


def test_a_shell_looks_around_and_ends_as_it_says(engine: Engine, edge_amd64: str) -> None:
    told = engine.podman("run", *ALONE, edge_amd64, "/bin/sh", "-c", "ls /opt/stillwatch")
    assert told.split() == ["app", "lib", "models"]


def test_it_says_what_it_is_and_what_it_is_made_of(engine: Engine, edge_amd64: str) -> None:
    found = inspected(engine, edge_amd64)
    labels = found["Config"]["Labels"]
    told = engine.podman("run", "--rm", "--network=none", edge_amd64, "--version").strip()
    assert labels["org.opencontainers.image.version"] == told
    assert len(labels["org.opencontainers.image.revision"].removesuffix("-dirty")) == 40
    assert found["Healthcheck"]["Test"][1:] == ["python3", "-m", "edge", "health"]
    parts = python(engine, edge_amd64, "print(open('/opt/stillwatch/app/sbom.cdx.json').read())")
    listed = {part["bom-ref"].partition("@")[0]: part for part in json.loads(parts)["components"]}
    assert {"pkg:pypi/numpy", "pkg:pypi/tflite-runtime", "pkg:pypi/ai-edge-litert"} <= set(listed)
    assert {"pkg:deb/debian/libc6", "pkg:deb/debian/python3.11-minimal"} <= set(listed)
    model = json.loads((CHECKOUT / "models/nanodet-g-416-int8/manifest.json").read_text())
    assert listed["model:nanodet-g-416-int8"]["hashes"][0]["content"] == model["sha256"]


def test_no_secret_of_the_build_is_left_in_a_layer(engine: Engine, edge_amd64: str) -> None:
    code = """
import os
secrets = ("/etc/pip.conf", "/etc/ssl/certs/build-ca.crt", "/build")
print([path for path in secrets if os.path.exists(path)])
"""
    assert python(engine, edge_amd64, code).strip() == "[]"
    history = engine.podman("history", "--no-trunc", edge_amd64)
    assert "index-url" not in history


@pytest.mark.parametrize("runtime", ["tflite", "litert"])
def test_each_runtime_finds_the_walkers_in_a_quarter_of_a_gigabyte(
    engine: Engine, edge_amd64: str, tmp_path: Path, runtime: str
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    shutil.copy(SELF_TEST / "street-030.jpg", pictures)
    chosen = f"--env=STILLWATCH__DETECT__RUNTIME={runtime}"
    (record,) = replayed(engine, edge_amd64, pictures, chosen, *memory(256))
    assert record["outcome"] == "analysed"
    assert {found["label"] for found in record["detections"]} >= {"person", "car"}
    assert [suspicion["label"] for suspicion in record["suspicions"]] == ["person"]


def test_the_main_job_is_done_between_two_containers(
    engine: Engine,
    edge_amd64: str,
    cloud: str,
    mosquitto: Broker,
    seaweedfs: S3,
    tmp_path: Path,
) -> None:
    root = "boxed"
    store = {"type": "s3", "bucket": seaweedfs.bucket, "endpoint_url": seaweedfs.endpoint_url}
    config = settings(mosquitto, root, tmp_path, store=store | {"credentials_file": SECRET})
    config["detect"] = {"runtime": "auto"}
    config["deliver"]["outbox"] = {"path": f"{STATE}/outbox"}
    options = [*memory(256), "--cpus=1", f"--volume={seaweedfs.credentials_file}:{SECRET}:ro"]
    walkers = clip(WALKERS, begin_s=6, seconds=6)
    with (
        ear(mosquitto, root) as listening,
        worker(engine, cloud, tmp_path, mosquitto, seaweedfs, root),
        edge(engine, edge_amd64, tmp_path, config, options) as daemon,
    ):
        play(listening, f"{root}-cameras/yard/image", walkers)
        assert listening.wait(lambda: daemon.settled("yard", len(walkers)))
        assert listening.wait(lambda: len(daemon.events("suspicion_raised")) > 0)
        raised = {event["report_id"] for event in daemon.events("suspicion_raised")}
        assert listening.wait(lambda: {v.report_id for v in listening.verdicts()} >= raised)
        assert "confirmed" in {verdict.decision for verdict in listening.verdicts()}
        assert b"ON" in listening.on("gw/yard/threat")
        assert listening.wait(lambda: set(daemon.health()["outbox"]) == {"done"})
        engine.podman("healthcheck", "run", f"edge-{daemon.port}")
        assert ended(daemon.process) == 0
    assert listening.on("gw/status")[-1] == b"stopped"


def test_without_the_daemon_the_health_check_fails(engine: Engine, edge_amd64: str) -> None:
    done = engine.attempt("run", "--rm", "--network=none", edge_amd64, "health")
    assert done.returncode == 1


def test_a_bad_configuration_ends_with_the_status_that_restarts_do_not_mend(
    engine: Engine, edge_amd64: str
) -> None:
    wrong = "--env=STILLWATCH__DETECT__RUNTIME=cuda"
    assert engine.attempt("run", "--rm", "--network=none", wrong, edge_amd64).returncode == 78


def test_built_again_from_nothing_it_is_the_same_to_the_byte(
    engine: Engine, edge_amd64: str, amd64_base: str
) -> None:
    again = build(engine, EDGE_AMD64, amd64_base, tag="localhost/again:amd64", fresh=True)
    assert inspected(engine, again)["RootFS"] == inspected(engine, edge_amd64)["RootFS"]
