"""An archive in a real bucket: every stage reads there and writes there, or across."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import boto3
import pytest

from contract.ids import CameraId, GatewayId
from contract.keys import evidence_key
from objectstore.open import open_store
from tests import servers
from tests.integration.test_archive_stages import RULES, stage
from tests.unit.cloud.stages.archives import (
    NOON,
    PICTURE,
    TORN,
    a_sight,
    contents,
    row,
    write,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.slow


def at(server: servers.S3, prefix: str) -> str:
    query = {"endpoint_url": server.endpoint_url, "credentials_file": server.credentials_file}
    return f"s3://{server.bucket}/{prefix}?{urlencode(query)}"


def client_of(server: servers.S3) -> S3Client:
    """As somebody else's tool has it."""
    client: S3Client = boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )
    return client


def fill(server: servers.S3, prefix: str, files: dict[str, bytes]) -> str:
    """Puts the files below the prefix; its address."""
    client = client_of(server)
    for name, body in files.items():
        client.put_object(Bucket=server.bucket, Key=f"{prefix}/{name}", Body=body)
    return at(server, prefix)


def fetched(server: servers.S3, prefix: str) -> dict[str, bytes]:
    """What lies below the prefix."""
    client = client_of(server)
    listed = client.list_objects_v2(Bucket=server.bucket, Prefix=f"{prefix}/")
    return {
        one["Key"].removeprefix(f"{prefix}/"): client.get_object(
            Bucket=server.bucket, Key=one["Key"]
        )["Body"].read()
        for one in listed.get("Contents", ())
    }


def test_stages_in_a_bucket_give_what_they_give_in_folders(
    seaweedfs: servers.S3, tmp_path: Path
) -> None:
    files = {
        f"gate_{NOON}.jpg": PICTURE,
        f"deep/gate_{NOON + 1}.JPG": PICTURE,
        f"gate_{NOON + 2}.jpg": TORN,
        "Front Door/.hidden ü=1.jpg": PICTURE,
    }
    source = fill(seaweedfs, "in", files)
    here = stage("validate", write(tmp_path / "in", files), tmp_path / "v")
    there = stage("validate", source, at(seaweedfs, "v"))
    assert (there.returncode, there.stdout) == (here.returncode, here.stdout), there.stderr
    found, expected = fetched(seaweedfs, "v"), contents(tmp_path / "v")
    assert found.pop("invalid/bad_name/Front=20Door/=2Ehidden=20=C3=BC=3D1.jpg") == PICTURE
    assert found == expected
    again = stage("validate", source, at(seaweedfs, "v"))
    across = stage("validate", source, tmp_path / "across")
    assert (again.stdout, across.stdout) == (here.stdout, here.stdout)
    assert not any(path.is_symlink() for path in (tmp_path / "across").rglob("*"))


def test_verdicts_and_plot_are_made_from_a_bucket(seaweedfs: servers.S3, tmp_path: Path) -> None:
    sight = a_sight(row("person", 0.9))
    name = f"{sight.named.folder}/{sight.named.stem}"
    files = {f"{name}.json": sight.model_dump_json().encode(), f"{name}.jpg": PICTURE}
    rules = write(tmp_path, {"rules.yaml": RULES.encode()}) / "rules.yaml"
    source = fill(seaweedfs, "detections", files)
    threat = stage("threat", source, at(seaweedfs, "verdicts"), "--rules", str(rules))
    assert json.loads(threat.stdout) == {"stage": "threat", "pictures": 1, "threats": 1, "mails": 1}
    plot = stage("plot", at(seaweedfs, "verdicts"), at(seaweedfs, "plot"))
    assert json.loads(plot.stdout)["threats"] == 1, plot.stderr
    assert fetched(seaweedfs, "plot").keys() == {"threats.csv", "threats.png"}


def test_the_evidence_of_a_live_store_is_read_where_it_lies(
    seaweedfs: servers.S3, tmp_path: Path
) -> None:
    store, now = open_store(seaweedfs.spec()), datetime.now(UTC)
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    key = evidence_key(GatewayId("live"), CameraId("gate"), now, sha256)
    store.put_if_absent(key, PICTURE, "image/jpeg")
    ran = stage("validate", at(seaweedfs, "evidence/live"), tmp_path / "v")
    assert json.loads(ran.stdout) == {"stage": "validate", "valid": 1, "invalid": 0}, ran.stderr
    (valid,) = (tmp_path / "v" / "valid").rglob("*.jpg")
    assert valid.name.startswith("live_gate_")
    assert valid.name.endswith(f"-{sha256[:16]}.jpg")


def test_without_boto3_a_bucket_says_what_is_missing(tmp_path: Path) -> None:
    ran = stage("validate", "s3://any/where", tmp_path / "out", without=("boto3",))
    assert ran.returncode == 1
    assert "s3:// needs boto3" in ran.stderr


@pytest.mark.parametrize(
    ("source", "out", "status", "said"),
    [
        ("in", "in/out", 1, "lie in each other"),
        ("nothing", "out", 1, "there is no file in"),
        ("in?endpoint_url=http://127.0.0.1:9&region", "out", 1, "is not understood"),
    ],
)
def test_what_is_wrong_with_a_bucket_is_said(
    seaweedfs: servers.S3, source: str, out: str, status: int, said: str
) -> None:
    source = at(seaweedfs, source) if "?" not in source else f"s3://{seaweedfs.bucket}/{source}"
    ran = stage("validate", source, at(seaweedfs, out))
    assert ran.returncode == status
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "secret" not in ran.stderr
