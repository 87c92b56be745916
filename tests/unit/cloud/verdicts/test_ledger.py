"""One verdict per report, whoever writes first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloud.confirm.decision import Stamp, inconclusive
from cloud.verdicts.entry import encode, entry_of, on_report
from cloud.verdicts.ledger import PLACES, Ledger, LedgerError
from contract.ids import ReportId
from contract.keys import verdict_key
from contract.report import ChainLink, ThreatReport
from contract.signature import Keyring, Signer, new_signer
from contract.verdict import Verdict
from objectstore.open import open_store
from objectstore.store import ObjectStore
from objectstore.store_dir import DirectoryStore
from tests.fakes import recorded_events
from tests.unit.cloud.reports import NOON, a_report

WRITERS = 16
REPORT = a_report()
OTHER_PICTURES = tuple(ref.model_copy(update={"sha256": "9" * 64}) for ref in REPORT.evidence)


def verdict_of(writer: int) -> Verdict:
    return inconclusive(REPORT, f"writer {writer}", Stamp(model_sha256="a" * 64, decided_at=NOON))


def test_of_many_writers_at_once_one_verdict_stands(tmp_path: Path) -> None:
    ledger = Ledger(open_store(f"dir:{tmp_path}"))
    start = threading.Barrier(WRITERS, timeout=10)

    def decide(writer: int) -> Verdict:
        start.wait()
        return ledger.decide(verdict_of(writer), REPORT)

    with ThreadPoolExecutor(WRITERS) as pool:
        told = list(pool.map(decide, range(WRITERS)))
    assert len({verdict.reasons for verdict in told}) == 1
    assert ledger.find(REPORT) == told[0]


def test_a_verdict_comes_back_as_it_was_decided(tmp_path: Path) -> None:
    ledger = Ledger(open_store(f"dir:{tmp_path}"))
    assert ledger.find(REPORT) is None
    assert ledger.decide(verdict_of(1), REPORT) == verdict_of(1) == ledger.find(REPORT)


def test_a_second_decision_changes_nothing(tmp_path: Path) -> None:
    ledger = Ledger(open_store(f"dir:{tmp_path}"))
    ledger.decide(verdict_of(1), REPORT)
    assert ledger.decide(verdict_of(2), REPORT) == verdict_of(1)


KEY = verdict_key(REPORT.gateway, REPORT.report_id)
CLOUD, STRANGER = new_signer(), new_signer()
OTHER = REPORT.model_copy(update={"report_id": ReportId("yard.gate.1.2.3")})


def signed(store: ObjectStore) -> Ledger:
    return Ledger(store, CLOUD, Keyring([CLOUD.public]))


def entry(report: ThreatReport = REPORT, signer: Signer | None = None) -> bytes:
    verdict = inconclusive(report, "writer 99", Stamp(model_sha256="a" * 64, decided_at=NOON))
    return encode(entry_of(on_report(verdict, report), report), signer)


@pytest.mark.parametrize(
    ("planted", "reason"),
    [
        (b'{"version": 1}', "malformed"),
        (b"\xff\x00", "malformed"),
        (b" " * 70_000, "malformed"),
        (verdict_of(99).model_dump_json().encode(), "unsigned"),
        (entry(), "unsigned"),
        (entry(signer=STRANGER), "foreign_key"),
        (entry(signer=CLOUD).replace(b"writer 99", b"writer 98"), "forged"),
        (entry(OTHER, CLOUD), "misplaced"),
        (
            entry(REPORT.model_copy(update={"evidence": OTHER_PICTURES}), CLOUD),
            "misplaced",
        ),
    ],
)
def test_what_was_planted_stays_where_it_lies_and_one_verdict_of_ours_stands_all_the_same(
    tmp_path: Path, planted: bytes, reason: str
) -> None:
    store = open_store(f"dir:{tmp_path}")
    store.put_if_absent(KEY, planted, "application/json")
    with recorded_events() as lines:
        assert signed(store).find(REPORT) is None
    assert [(line.event, line.fields["reason"]) for line in lines] == [
        ("ledger_entry_refused", reason)
    ]
    ours = on_report(verdict_of(1), REPORT)
    assert signed(store).decide(ours, REPORT) == ours
    assert signed(store).decide(verdict_of(2), REPORT) == ours == signed(store).find(REPORT)
    assert store.get(KEY, 100_000) == planted


def test_of_many_writers_one_verdict_stands_behind_what_was_planted(tmp_path: Path) -> None:
    store = open_store(f"dir:{tmp_path}")
    for place in range(3):
        key = verdict_key(REPORT.gateway, REPORT.report_id, place)
        store.put_if_absent(key, entry(signer=STRANGER), "application/json")
    with ThreadPoolExecutor(WRITERS) as pool:
        told = list(pool.map(lambda n: signed(store).decide(verdict_of(n), REPORT), range(WRITERS)))
    assert len({verdict.reasons for verdict in told}) == 1


def test_where_every_place_is_taken_nothing_is_decided_and_somebody_is_told_to_look(
    tmp_path: Path,
) -> None:
    store = open_store(f"dir:{tmp_path}")
    for place in range(PLACES):
        key = verdict_key(REPORT.gateway, REPORT.report_id, place)
        store.put_if_absent(key, b"planted", "application/json")
    with pytest.raises(LedgerError, match="see who may write below verdicts/yard/"):
        signed(store).find(REPORT)
    with pytest.raises(LedgerError, match="all 8 places"):
        signed(store).decide(verdict_of(1), REPORT)


def test_a_verdict_signed_by_the_key_of_before_still_stands(tmp_path: Path) -> None:
    store = open_store(f"dir:{tmp_path}")
    before = on_report(verdict_of(1), REPORT)
    assert signed(store).decide(before, REPORT) == before
    later = new_signer()
    rotated = Ledger(store, later, Keyring([later.public, CLOUD.public]))
    assert rotated.find(REPORT) == before
    assert rotated.decide(verdict_of(2), REPORT) == before
    assert Ledger(store, later, Keyring([later.public])).find(REPORT) is None


def test_a_worker_from_before_reads_a_signed_entry_as_the_verdict_that_it_is(
    tmp_path: Path,
) -> None:
    store = open_store(f"dir:{tmp_path}")
    ours = on_report(verdict_of(1), REPORT)
    signed(store).decide(ours, REPORT)
    assert Verdict.model_validate_json(store.get(KEY, 100_000)) == ours


def test_a_verdict_stands_for_the_report_that_has_grown_since(tmp_path: Path) -> None:
    store = open_store(f"dir:{tmp_path}")
    grown = REPORT.model_copy(update={"evidence": (*REPORT.evidence, *OTHER_PICTURES)})
    ours = on_report(verdict_of(1), REPORT)
    signed(store).decide(ours, REPORT)
    assert signed(store).find(grown) == ours


@pytest.mark.parametrize(
    "forged", [{"audit": True}, {"box": (0.0, 0.0, 0.1, 0.1)}, {"evidence": REPORT.evidence[:1]}]
)
def test_a_report_altered_on_its_way_takes_no_verdict_from_the_true_one(
    tmp_path: Path, forged: dict[str, object]
) -> None:
    store = open_store(f"dir:{tmp_path}")
    link = ChainLink(chain="0" * 16, number=1, previous="0" * 64, pictures=2)
    pictures = (*REPORT.evidence[:1], *OTHER_PICTURES[:1])
    true = REPORT.model_copy(update={"evidence": pictures, "link": link})
    altered = true.model_copy(update=forged)
    lie = on_report(verdict_of(1), altered)
    assert signed(store).decide(lie, altered) == lie
    assert signed(store).find(true) is None
    ours = on_report(verdict_of(2), true)
    assert signed(store).decide(ours, true) == ours == signed(store).find(true)


def test_one_bad_transfer_does_not_unseat_a_verdict(tmp_path: Path) -> None:
    class Flipping(DirectoryStore):
        reads = 0

        def get(self, key: str, max_bytes: int) -> bytes:
            self.reads += 1
            body = super().get(key, max_bytes)
            return body.replace(b"writer", b"wRiter") if self.reads == 1 else body

    ours = on_report(verdict_of(1), REPORT)
    signed(open_store(f"dir:{tmp_path}")).decide(ours, REPORT)
    assert signed(Flipping(tmp_path)).find(REPORT) == ours
