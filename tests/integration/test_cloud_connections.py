"""How a worker reaches what it needs: a broker behind HTTP, and a directory that takes nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cloud.serve.store_watch import StoreWatch
from contract.keys import TRIAL, WORKERS_TRIAL_KEY
from objectstore.open import open_store
from service.clock import SystemClock
from service.events import LogLine
from tests import servers
from tests.disks import disk, failing
from tests.fakes import recorded_events
from tests.integration.cloud_workers import Serving, workers
from tests.links import wait_for_event, wait_until
from tests.processes import until
from tests.servers import Broker

pytestmark = pytest.mark.slow

BY_HTTP = {"protocol": "3.1.1", "transport": "websockets", "websocket_path": "/mqtt"}


def health(worker: Serving) -> dict[str, object]:
    return dict(json.loads(worker.get("/healthz")[1]))


def said(worker: Serving, event: str) -> bool:
    return f'"{event}"' in worker.log.read_text(errors="replace")


def test_a_worker_subscribes_over_websockets_and_tries_its_store(tmp_path: Path) -> None:
    store = f"dir:{tmp_path / 'store'}"
    with servers.websockets_broker(tmp_path) as broker:
        there = replace(broker, port=broker.port_311)
        with workers(tmp_path / "worker", there, store, "http", 1, settings=BY_HTTP) as (worker,):
            until(lambda: said(worker, "store_opened"), worker.process, worker.log)
            assert (health(worker)["status"], health(worker)["link"]) == ("ok", "Success")
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


def test_a_full_disk_is_said_until_there_is_room(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as full, failing(full, "full"), watched(full) as (watch, lines):
        wait_until(lambda: "No space left on device" in watch.trouble, "it is said")
        assert {line.event for line in lines} == {"store_failed"}
        (full / "filling").write_bytes(b"")
        wait_for_event(lines, "store_opened")
        assert watch.trouble == ""


def test_a_store_that_a_worker_tried_before_is_as_good_as_new(tmp_path: Path) -> None:
    for _ in range(2):
        with watched(tmp_path) as (watch, lines):
            wait_for_event(lines, "store_opened")
        assert ([line.event for line in lines], watch.trouble) == (["store_opened"], "")


@contextmanager
def watched(folder: Path) -> Iterator[tuple[StoreWatch, list[LogLine]]]:
    """What a worker says of a directory as its store."""
    stopping = threading.Event()
    watch = StoreWatch(open_store(f"dir:{folder / 'store'}"), SystemClock(), stopping)
    with recorded_events() as lines:
        watch.start()
        try:
            yield watch, lines
        finally:
            stopping.set()
