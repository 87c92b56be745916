"""How a worker reaches what it needs: a broker behind HTTP, and a directory that takes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from contract.keys import TRIAL, WORKERS_TRIAL_KEY
from objectstore.open import open_store
from tests import servers
from tests.faults.disks import disk, failing
from tests.integration.cloud_workers import Serving, workers
from tests.processes import until
from tests.servers import Broker

pytestmark = pytest.mark.slow

BY_HTTP = {"protocol": "3.1.1", "transport": "websockets", "websocket_path": "/mqtt"}


def health(worker: Serving) -> dict[str, object]:
    return dict(json.loads(worker.get("/healthz")[1]))


def said(worker: Serving, event: str) -> bool:
    return f'"{event}"' in worker.log.read_text(errors="replace")


def test_a_worker_subscribes_over_websockets(tmp_path: Path) -> None:
    store = f"dir:{tmp_path / 'store'}"
    with servers.websockets_broker(tmp_path) as broker:
        there = replace(broker, port=broker.port_311)
        with workers(tmp_path / "worker", there, store, "http", 1, settings=BY_HTTP) as (worker,):
            until(lambda: said(worker, "store_opened"), worker.process, worker.log)
            assert (health(worker)["status"], health(worker)["link"]) == ("ok", "Success")


def test_a_worker_puts_a_small_object_on_trial_and_says_so(
    mosquitto: Broker, tmp_path: Path
) -> None:
    store = f"dir:{tmp_path / 'store'}"
    for turn in ("first", "second"):
        with workers(tmp_path / turn, mosquitto, store, "trial", 1) as (worker,):
            until(lambda one=worker: said(one, "store_opened"), worker.process, worker.log)
            assert health(worker)["status"] == "ok"
    assert open_store(store).get(WORKERS_TRIAL_KEY, 1000) == TRIAL


def test_a_store_that_is_no_directory_degrades_a_worker_until_it_is_one(
    mosquitto: Broker, tmp_path: Path
) -> None:
    file = tmp_path / "store"
    file.write_text("no folder")
    with workers(tmp_path / "worker", mosquitto, f"dir:{file}", "file", 1) as (worker,):
        until(lambda: health(worker).get("store") is not None, worker.process, worker.log)
        assert health(worker)["status"] == "degraded"
        assert "Not a directory" in str(health(worker)["store"])
        file.unlink()
        until(lambda: health(worker)["status"] == "ok", worker.process, worker.log)


def test_a_store_on_a_full_disk_degrades_a_worker_until_there_is_room(
    mosquitto: Broker, tmp_path: Path
) -> None:
    with (
        disk(tmp_path / "disk") as full,
        failing(full, "full"),
        workers(tmp_path / "w", mosquitto, f"dir:{full / 's'}", "full", 1) as (worker,),
    ):
        until(lambda: health(worker).get("store") is not None, worker.process, worker.log)
        assert "No space left on device" in str(health(worker)["store"])
        (full / "filling").write_bytes(b"")
        until(lambda: health(worker)["status"] == "ok", worker.process, worker.log)
