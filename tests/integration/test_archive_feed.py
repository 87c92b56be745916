"""Pictures from a real broker into the layout of an archive, and the first stage over it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.link import Link
from tests import servers
from tests.integration.test_archive_in_bucket import at, fetched
from tests.integration.test_archive_stages import CHECKOUT, stage
from tests.links import settings
from tests.processes import child, until
from tests.servers import Broker
from tests.unit.cloud.stages.archives import OTHER, PICTURE, TORN, contents

pytestmark = pytest.mark.slow


def feeding(broker: Broker, topic: str, store: str, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "cloud", "feed", "--broker", f"mqtt://{broker.host}:{broker.port}"),
        *("--topic", topic, "--store", store, *more),
    ]


def fed(
    broker: Broker, store: str, folder: Path, *more: str, arrived: Callable[[], int]
) -> dict[str, int]:
    """What a feeder counted that saw refused payloads, and pictures of two cameras."""
    root = f"feed{os.getpid()}-{folder.name}"
    log = folder / "log"
    publisher = Link(settings(broker, f"{root}-cam"), on_fatal=lambda _error: None)
    publisher.start()
    assert publisher.wait_ready(30)
    publisher.publish(f"{root}/old/image", PICTURE, 1, True).wait(30)
    command = ["env", f"PYTHONPATH={CHECKOUT}"]
    command += feeding(broker, f"{root}/{{camera}}/image", store, *more)
    try:
        with child(command, log) as run:
            until(lambda: "link_subscribed" in log.read_text(), run, log)
            for camera, payload in (
                ("gate", b"<html>"), ("gate", TORN[:20]), ("gate", PICTURE), ("Front Door", OTHER)
            ):  # fmt: skip
                publisher.publish(f"{root}/{camera}/image", payload, 1, False).wait(30)
            until(lambda: arrived() == 2, run, log)
            run.terminate()
            assert run.wait(30) == 0
    finally:
        publisher.publish(f"{root}/old/image", b"", 1, True).wait(30)
        publisher.stop(5)
    found: dict[str, int] = json.loads(log.read_text().splitlines()[-1])
    return found


def test_what_cameras_publish_becomes_an_archive(mosquitto: Broker, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    counts = fed(mosquitto, f"dir:{archive}", tmp_path, arrived=lambda: len(contents(archive)))
    assert counts.pop("retained") == 1
    assert counts.pop("stored") == 2
    assert sum(counts.values()) == 2
    ran = stage("validate", tmp_path / "archive", tmp_path / "v", "--placed")
    assert json.loads(ran.stdout) == {"stage": "validate", "valid": 2, "invalid": 0}
    devices = {path.name for path in (tmp_path / "v" / "valid").iterdir()}
    assert devices == {"gate", "front_door"}


def test_an_archive_in_a_bucket_is_fed_too(
    mosquitto: Broker, seaweedfs: servers.S3, tmp_path: Path
) -> None:
    counts = fed(
        *(mosquitto, seaweedfs.spec(), tmp_path, "--prefix", "fed"),
        arrived=lambda: len(fetched(seaweedfs, "fed")),
    )
    assert counts["stored"] == 2
    ran = stage("validate", at(seaweedfs, "fed"), tmp_path / "v", "--placed")
    assert json.loads(ran.stdout) == {"stage": "validate", "valid": 2, "invalid": 0}


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        (["--topic", "cameras/image"], 2, "has no {camera}"),
        (["--prefix", "../up"], 1, "is not one that the store accepts"),
        (["--seconds", "0.1"], 1, ""),
    ],
)
def test_a_feeder_that_cannot_work_or_got_nothing_fails(
    mosquitto: Broker, tmp_path: Path, more: list[str], status: int, said: str
) -> None:
    command = feeding(mosquitto, f"none{os.getpid()}/{{camera}}", f"dir:{tmp_path}", *more)
    ran = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == status
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_store_that_fails_for_a_while_stops_no_feeder(mosquitto: Broker, tmp_path: Path) -> None:
    root, archive, log = f"away{os.getpid()}", tmp_path / "archive", tmp_path / "log"
    archive.mkdir()
    (archive / "gate").write_bytes(b"")  # no folder can be made there
    command = ["env", f"PYTHONPATH={CHECKOUT}"]
    command += feeding(mosquitto, f"{root}/{{camera}}/image", f"dir:{archive}")
    publisher = Link(settings(mosquitto, f"{root}-cam"), on_fatal=lambda _error: None)
    publisher.start()
    assert publisher.wait_ready(30)
    try:
        with child(command, log) as run:
            until(lambda: "link_subscribed" in log.read_text(), run, log)
            for _ in range(50):
                publisher.publish(f"{root}/gate/image", PICTURE, 1, False).wait(30)
            until(lambda: "store_failed" in log.read_text(), run, log)
            (archive / "gate").unlink()
            publisher.publish(f"{root}/yard/image", OTHER, 1, False).wait(30)
            until((archive / "yard").is_dir, run, log)
            run.terminate()
            assert run.wait(30) == 0
    finally:
        publisher.stop(5)
    counts = json.loads(log.read_text().splitlines()[-1])
    assert sum(counts.values()) == 51
    assert counts["store_failed"] > 0
