"""A model that goes bad only in use, and one whose fetch is interrupted, at a whole gateway."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from contract.update import Targets
from objectstore.open import open_store
from objectstore.store import ObjectStore
from objectstore.store_dir import DirectoryStore
from tests.contract.orders import CAROL, LATER, MODEL_ORDER, sign_order
from tests.faults.proxy import Trouble, Way, proxy
from tests.integration import bad_networks
from tests.servers import S3, Broker
from tests.system.daemons import unready, wait
from tests.system.orders import GATEWAY
from tests.system.sites import STREET, Edge, ear, edge
from tests.system.test_model_updates import model_order as usual_order
from tests.system.test_model_updates import order_model
from tests.system.test_updates import managed, until

pytestmark = pytest.mark.slow


def darkened(picture: bytes) -> bytes:
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return cv2.imencode(".jpg", image // 4)[1].tobytes()


DARK = darkened(STREET)


class Camera:
    """Sends `picture` some times a second."""

    def __init__(self) -> None:
        self.picture = STREET

    @contextmanager
    def sending(self, broker: Broker, topic: str) -> Iterator[None]:
        over = threading.Event()
        with ear(broker, f"{topic}-echo") as sender:

            def send() -> None:
                while not over.wait(0.4):
                    sender.link.publish(topic, self.picture, 0)

            thread = threading.Thread(target=send)
            thread.start()
            try:
                yield
            finally:
                over.set()
                thread.join()


def faulty_order(version: int, fault: bad_networks.Fault, store: ObjectStore, made: Path) -> bytes:
    file, manifest = bad_networks.put(made, fault, store)
    ordered = MODEL_ORDER.model_copy(
        update={
            "version": version,
            "expires_at": LATER,
            "targets": Targets(gateways=(GATEWAY,)),
            "name": "tiny",
            "manifest": manifest,
            "files": (file,),
        }
    )
    return sign_order(ordered, CAROL)


def analysed(daemon: Edge, more: int) -> None:
    """So many more pictures went through the network."""
    before = daemon.frames("yard").get("analysed", 0)
    wait(daemon, lambda: daemon.frames("yard").get("analysed", 0) >= before + more)


def config_of(site: Broker, cloud: Broker, root: str, folder: Path) -> dict[str, Any]:
    config = managed(site, cloud, root, folder, health_window_s=120)
    config["gate"] = {"full_look_s": 1}  # nothing moves, and all is analysed
    return config


def test_numbers_that_fail_in_use_alone_bring_the_old_model_back(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    """Its own picture is bright; the camera's becomes dark."""
    config, camera = config_of(site_broker, cloud_broker, root, tmp_path), Camera()
    config["detect"]["errors_in_a_row"] = 2  # fewer than tell against an update by themselves
    store = DirectoryStore(tmp_path / "store")
    with (
        ear(cloud_broker, root) as cloud,
        camera.sending(site_broker, f"{root}-cameras/yard/image"),
        edge(tmp_path, config) as daemon,
    ):
        old = daemon.events("model_opened")[0]["sha256"]
        analysed(daemon, 3)
        order_model(cloud, faulty_order(1, "nan in the dark", store, tmp_path / "made"))
        until(cloud, "reported", "in_window", 1, "model")
        analysed(daemon, 2)
        camera.picture = DARK
        back = until(cloud, "rejected", "rolled_back", 1, "model")
        assert "the network failed on" in back.reasons[0]
        assert back.effective.digest == old
        assert any("NaN" in one["reason"] for one in daemon.events("inference_failed"))
        wait(daemon, lambda: json.loads(cloud.on("gw/info")[-1])["model_sha256"] == old)
        analysed(daemon, 3)
        assert len(daemon.events("daemon_started")) == 1


def test_one_that_hangs_in_use_alone_goes_with_the_process_and_the_old_one_comes_back(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    """The supervisor starts the gateway again, as systemd would."""
    config, camera = config_of(site_broker, cloud_broker, root, tmp_path), Camera()
    config["runtime"]["heartbeat_s"] = 5
    store = DirectoryStore(tmp_path / "store")
    with (
        ear(cloud_broker, root) as cloud,
        camera.sending(site_broker, f"{root}-cameras/yard/image"),
    ):
        with unready(tmp_path, config) as daemon:
            wait(daemon, lambda: bool(daemon.events("model_opened")))
            old = daemon.events("model_opened")[0]["sha256"]
            analysed(daemon, 2)
            order_model(cloud, faulty_order(1, "hang in the dark", store, tmp_path / "made"))
            until(cloud, "reported", "in_window", 1, "model")
            camera.picture = DARK
            over = until_over(daemon, lambda: bool(rolled_back(cloud)))
        for _ in range(6):
            if over:
                break
            with unready(tmp_path, config) as daemon:
                over = until_over(daemon, lambda: bool(rolled_back(cloud)))
        [back, *_] = rolled_back(cloud)
        assert back["effective"]["digest"] == old
        with unready(tmp_path, config) as daemon:
            wait(daemon, lambda: bool(daemon.events("model_opened")))
            assert daemon.events("model_opened")[0]["sha256"] == old
            analysed(daemon, 2)


def rolled_back(cloud: Any) -> list[dict[str, Any]]:
    said = [json.loads(one) for one in cloud.on("gw/model/rejected") if one]
    return [one for one in said if one["state"] == "rolled_back"]


def until_over(daemon: Edge, told: Any) -> bool:
    """Whether the cloud was `told`; False if the process ended before."""
    never = threading.Event()
    for _ in range(900):
        if told():
            return True
        if daemon.process.poll() is not None:
            return False
        never.wait(0.1)
    pytest.fail("neither an end nor a word of it")


def test_a_gateway_that_is_killed_while_it_fetches_goes_on_from_there(
    site_broker: Broker, cloud_broker: Broker, seaweedfs: S3, tmp_path: Path, root: str
) -> None:
    target, asked = urlsplit(seaweedfs.endpoint_url), list[str]()

    def tap(_connection: int, way: Way, chunk: bytes) -> None:
        if way == "up" and b"GET" in chunk:
            asked.append(chunk.decode("latin-1").lower())

    config = managed(site_broker, cloud_broker, root, tmp_path)
    address = str(target.hostname), int(target.port or 0)
    store = DirectoryStore(tmp_path / "store")
    with proxy(address, tap=tap) as between, ear(cloud_broker, root) as cloud:
        config["deliver"]["store"] = {
            "type": "s3",
            "bucket": seaweedfs.bucket,
            "endpoint_url": f"http://{between.host}:{between.port}",
            "credentials_file": str(seaweedfs.credentials_file),
            "timeout_s": 60,
        }
        content = usual_order(1, store)
        key = next(file for file in (tmp_path / "store" / "models").iterdir())
        open_store(seaweedfs.spec()).put_if_absent(f"models/{key.name}", key.read_bytes(), "")
        between.trouble = Trouble(bytes_per_s=400_000)
        with edge(tmp_path, config) as daemon:
            order_model(cloud, content)
            wait(daemon, lambda: fetched(tmp_path) > 500_000)
            daemon.process.kill()
            daemon.process.wait(10)
        kept, between.trouble = fetched(tmp_path), Trouble()
        with edge(tmp_path, config):
            until(cloud, "reported", "applied", 1, "model")
        ranges = [head for head in asked if f"range: bytes={kept}-" in head and "if-match" in head]
        assert len(ranges) == 1


def fetched(folder: Path) -> int:
    """Bytes of a model that have come so far."""
    found = (folder / "outbox" / "updates" / "models").glob("*.part/.incoming/*")
    return sum(one.stat().st_size for one in found if not one.name.endswith(".etag"))
