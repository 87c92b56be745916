"""Real workers, a real broker, TensorFlow and real frames: every report gets one verdict."""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.report import ThreatReport
from objectstore.open import open_store
from tests.integration.cloud_workers import (
    PAVEMENT,
    WALKER,
    Gateway,
    Serving,
    streets,
    workers,
)
from tests.processes import until
from tests.servers import S3, Broker

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root() -> str:
    """Topics of these tests alone."""
    return f"t{secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verdicts") / "store"


@pytest.fixture(scope="module")
def two(
    folder: Path, root: str, mosquitto: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Serving]]:
    """Workers that live until a test kills one and stops the other."""
    place = tmp_path_factory.mktemp("workers")
    with workers(place, mosquitto, f"dir:{folder}", root, 2) as serving:
        yield serving


@pytest.fixture
def gateway(folder: Path, root: str, mosquitto: Broker) -> Iterator[Gateway]:
    gateway = Gateway(store=open_store(f"dir:{folder}"), root=root, broker=mosquitto)
    yield gateway
    gateway.link.stop(5)


def stored(folder: Path) -> dict[str, str]:
    """The decisions in the directory store by report id."""
    verdicts = [json.loads(file.read_text()) for file in (folder / "verdicts").rglob("*.json")]
    return {verdict["report_id"]: verdict["decision"] for verdict in verdicts}


def counted(workers: list[Serving], outcome: str) -> int:
    return sum(worker.counted(outcome) for worker in workers)


def test_two_workers_share_the_reports_and_decide_each_once(
    gateway: Gateway, two: list[Serving], folder: Path
) -> None:
    refs = [gateway.keep(picture) for picture in streets(8)]
    true = [gateway.suspect(n, WALKER, ref) for n, ref in enumerate(refs)]
    false = [gateway.suspect(100 + n, PAVEMENT, ref) for n, ref in enumerate(refs[:4])]
    lost = gateway.suspect(200, WALKER, gateway.keep(b"never stored", stored=b""))
    forged = gateway.suspect(201, WALKER, gateway.keep(b"one picture", stored=b"or another"))
    reports = [*true, *false, lost, forged]
    gateway.send_raw(b"no report at all")
    gateway.send(reports)
    assert gateway.answered(reports)
    expected = ["confirmed"] * 8 + ["refuted"] * 4 + ["inconclusive"] * 2
    assert gateway.decisions(reports) == expected

    gateway.send(reports[:3])
    assert gateway.answered(reports[:3], times=2)
    assert gateway.decisions(reports) == expected
    assert stored(folder) == {
        report.report_id: decision for report, decision in zip(reports, expected, strict=True)
    }
    # what is answered again is counted after the answer
    until(lambda: counted(two, "repeated") == 3, two[0].process, two[0].log)
    endings = {
        name: [one.counted(name) for one in two]
        for name in ("confirmed", "refuted", "inconclusive", "repeated", "malformed")
    }
    assert {name: sum(each) for name, each in endings.items()} == {
        "confirmed": 8, "refuted": 4, "inconclusive": 2, "repeated": 3, "malformed": 1,
    }  # fmt: skip
    assert all(sum(each[n] for each in endings.values()) > 0 for n in range(2))
    assert [one.get("/healthz")[0] for one in two] == [200, 200]


def test_a_killed_worker_costs_no_verdict_and_a_stopped_one_leaves_in_order(
    gateway: Gateway, two: list[Serving], folder: Path
) -> None:
    before = set(stored(folder))
    refs = [gateway.keep(picture) for picture in streets(12)]
    reports = [gateway.suspect(300 + n, WALKER, ref) for n, ref in enumerate(refs)]
    gateway.send(reports)
    assert gateway.hears(2)
    two[0].process.kill()
    two[0].process.wait()
    again: list[ThreatReport] = [r for r in reports if r.report_id not in stored(folder)]
    assert again, "all were decided before the kill: send more"
    gateway.send(again)
    assert gateway.answered(again)
    assert set(stored(folder)) - before == {report.report_id for report in reports}

    two[1].process.send_signal(signal.SIGTERM)
    assert two[1].process.wait(30) == 0
    assert "Traceback" not in two[1].log.read_text()


def test_verdicts_stand_in_a_real_s3_store_too(
    mosquitto: Broker, seaweedfs: S3, tmp_path: Path
) -> None:
    root = f"t{secrets.token_hex(4)}"
    gateway = Gateway(store=open_store(seaweedfs.spec()), root=root, broker=mosquitto)
    (street,) = streets(1)
    ref = gateway.keep(street)
    reports = [gateway.suspect(1, WALKER, ref), gateway.suspect(2, PAVEMENT, ref)]
    with workers(tmp_path / "workers", mosquitto, seaweedfs.spec(), root, 1) as (worker,):
        gateway.send([*reports, *reports])
        assert gateway.answered(reports, times=2)
        assert gateway.decisions(reports) == ["confirmed", "refuted"]
        until(lambda: worker.counted("repeated") == 2, worker.process, worker.log)
    gateway.link.stop(5)
