"""One verdict per report, whoever writes first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloud.confirm import Stamp, inconclusive
from cloud.ledger import Ledger, LedgerError
from contract.keys import verdict_key
from contract.verdict import Verdict
from objectstore.open import open_store
from tests.unit.cloud.reports import NOON, a_report

WRITERS = 16
REPORT = a_report()


def verdict_of(writer: int) -> Verdict:
    return inconclusive(REPORT, f"writer {writer}", Stamp(model_sha256="a" * 64, decided_at=NOON))


def test_of_many_writers_at_once_one_verdict_stands(tmp_path: Path) -> None:
    ledger = Ledger(open_store(f"dir:{tmp_path}"))
    start = threading.Barrier(WRITERS, timeout=10)

    def decide(writer: int) -> Verdict:
        start.wait()
        return ledger.decide(verdict_of(writer))

    with ThreadPoolExecutor(WRITERS) as pool:
        told = list(pool.map(decide, range(WRITERS)))
    assert len({verdict.reasons for verdict in told}) == 1
    assert ledger.find(REPORT) == told[0]


def test_a_verdict_comes_back_as_it_was_decided(tmp_path: Path) -> None:
    ledger = Ledger(open_store(f"dir:{tmp_path}"))
    assert ledger.find(REPORT) is None
    assert ledger.decide(verdict_of(1)) == verdict_of(1) == ledger.find(REPORT)


def test_a_second_decision_changes_nothing(tmp_path: Path) -> None:
    ledger = Ledger(open_store(f"dir:{tmp_path}"))
    ledger.decide(verdict_of(1))
    assert ledger.decide(verdict_of(2)) == verdict_of(1)


def test_a_damaged_verdict_is_told_and_not_replaced(tmp_path: Path) -> None:
    store = open_store(f"dir:{tmp_path}")
    key = verdict_key(REPORT.gateway, REPORT.report_id)
    store.put_if_absent(key, b'{"version": 1}', "application/json")
    with pytest.raises(LedgerError, match="holds no verdict"):
        Ledger(store).find(REPORT)
    with pytest.raises(LedgerError, match="holds no verdict"):
        Ledger(store).decide(verdict_of(1))
    assert store.get(key, 1000) == b'{"version": 1}'
