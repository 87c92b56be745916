"""When self-tests begin and end, what is left of them, and that nobody else's figures notice."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import pytest

from contract.ids import GatewayId
from contract.request import MAX_REQUEST_BYTES
from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.evidence import EvidenceConfig
from edge.config.load import read
from edge.config.schema import EdgeConfig
from edge.deliver.evidence import ReportOrigin
from edge.deliver.outbox import Outbox
from edge.privacy import Privacy
from edge.self_test.bundle import CAMERA
from edge.self_test.journey import SelfTestOutcome
from edge.self_test.record import Record
from edge.self_test.requests import RequestTopic
from edge.self_test.runner import PAUSE_S, ReportSource, SelfTests
from service.link import Publication
from tests.unit.edge.deliver.bundles import bundle
from tests.unit.edge.deliver.site import Site, due

GATEWAY = GatewayId("gw")


class Bench:
    """Self-tests whose clock and deliverers the test holds."""

    def __init__(self, folder: Path, document: str = "{}") -> None:
        self.site = Site(folder / "outbox")
        self.clock = self.site.clock
        self.config: EdgeConfig = read(document.encode(), {}).config
        self.outcomes: list[SelfTestOutcome] = []
        self.woken = 0
        self.outbox = self.site.open()
        self.tests = self.begin(self.outbox)

    def begin(self, outbox: Outbox) -> SelfTests:
        return SelfTests(
            outbox,
            Record(self.site.folder, self.clock),
            self.clock,
            lambda: self.config,
            ReportSource(origin=self.origin, epoch=7),
            random.Random(1),
        )

    def origin(self) -> ReportOrigin:
        return ReportOrigin(
            gateway=GATEWAY,
            model_sha256="a" * 64,
            config_version="1",
            config_sha256="b" * 64,
            evidence=EvidenceConfig(),
            privacy=Privacy(),
        )

    def ask(self, timeout_s: float | None = None) -> str | None:
        return self.tests.ask(timeout_s, self.outcomes.append)

    def tick(self, seconds: float = 0.0) -> None:
        self.clock.advance(seconds)
        self.tests.tick(self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def kept(self) -> str | None:
        return due(self.outbox, self.site)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_asked_for_it_is_admitted_and_kept_and_deliverers_are_woken(bench: Bench) -> None:
    assert bench.ask() is None
    bench.tick()
    assert bench.woken == 1
    assert bench.kept() == f"gw.{CAMERA}.7.0.0"


def test_one_at_a_time_and_a_pause_after_each(bench: Bench) -> None:
    assert bench.ask(timeout_s=5) is None
    assert bench.ask() == "a self-test is under way"
    bench.tick()
    bench.tick(5)
    assert len(bench.outcomes) == 1
    assert "ask again in 10 s" in (bench.ask() or "")
    bench.clock.advance(PAUSE_S)
    assert bench.ask() is None
    bench.tick()
    assert bench.kept() == f"gw.{CAMERA}.7.1.0"


def test_what_is_late_is_withdrawn_and_no_loss(bench: Bench) -> None:
    bench.ask(timeout_s=5)
    bench.tick()
    bench.tick(5)
    (outcome,) = bench.outcomes
    assert (outcome.passed, outcome.failed) == (False, "stored")
    assert (bench.outbox.depth().entries, bench.site.losses, bench.site.files()) == ({}, [], set())


def test_what_a_killed_daemon_left_is_withdrawn_at_the_next_start(bench: Bench) -> None:
    bench.ask()
    bench.tick()
    bench.outbox.put(bundle(1, 2))
    bench.outbox.close()
    outbox = bench.site.open()
    bench.begin(outbox)
    assert sum(outbox.depth().entries.values()) == 1
    assert bench.site.losses == []


def test_every_suspicion_and_audit_goes_before_it_and_none_is_displaced_by_it(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    bench.ask()
    bench.tick()
    real = bundle(1, 0)
    bench.outbox.put(real)
    assert bench.kept() == real.report.report_id


def test_its_time_is_its_own_and_never_makes_it_unconfirmed(bench: Bench) -> None:
    bench.ask(timeout_s=600)
    bench.tick()
    bench.clock.advance(599)
    assert bench.outbox.overdue(60.0, 10) == ()


def test_a_full_outbox_fails_it_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.outbox.close()
    bench.ask()
    bench.tick()
    bench.tick()
    assert [one.failed for one in bench.outcomes] == ["queued"]


def test_of_other_reports_nothing_is_noted(bench: Bench) -> None:
    bench.ask(timeout_s=5)
    bench.tick()
    other = bundle(1, 2).report.report_id
    bench.tests.reached(other, "stored")
    bench.tests.held_up(other, "notified", "not mine", "site", final=True)
    bench.tick(5)
    assert [step.hop for step in bench.outcomes[0].steps] == ["admitted", "queued"]


def test_without_an_interval_none_begins_by_itself(bench: Bench) -> None:
    bench.tick(1e7)
    assert bench.kept() is None


def test_scheduled_ones_begin_some_minutes_after_the_start_and_then_at_the_interval(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, "{self_test: {every_s: 86400, timeout_s: 60}}")
    began: list[float] = []
    start = bench.clock.mono()
    for _ in range(4 * 24 * 60):
        woken = bench.woken
        bench.tick(60)
        if bench.woken > woken:
            began.append(bench.clock.mono() - start)
    assert 300 <= began[0] <= 2160
    gaps = [later - earlier for earlier, later in itertools.pairwise(began)]
    assert len(gaps) >= 2
    assert all(0.9 * 86_400 - 60 <= gap <= 1.1 * 86_400 + 60 for gap in gaps)


def test_gateways_that_start_together_do_not_test_together() -> None:
    firsts = {random.Random(seed).uniform(0, 1800) for seed in range(100)}
    assert max(firsts) - min(firsts) > 1500


def test_who_waits_when_the_daemon_ends_is_told(bench: Bench) -> None:
    bench.ask()
    bench.tick()
    bench.tests.stop()
    (outcome,) = bench.outcomes
    assert not outcome.passed


def answers(bench: Bench, payload: bytes, *, retained: bool = False) -> list[dict[str, object]]:
    said: list[Publication] = []
    topic = RequestTopic(Topics(gateway=GATEWAY), bench.tests, lambda: True)
    assert topic.on_message("stillwatch/gw/request/self-test", payload, retained, said.append)
    bench.tick()
    bench.tick(700)
    assert {one.topic for one in said} <= {"stillwatch/gw/response/self-test"}
    assert not any(one.retain for one in said)
    return [json.loads(one.payload) for one in said]


def test_a_request_is_answered_with_its_transaction_and_its_own_patience(bench: Bench) -> None:
    (answer,) = answers(bench, b'{"transaction": "a", "timeout_s": 30, "of": "tomorrow"}')
    assert (answer["status"], answer["transaction"]) == ("error", "a")
    assert str(answer["error"]).startswith("stored: not within 30 s")


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"[]",
        b'{"timeout_s": 1e9}',
        b'{"timeout_s": "x"}',
        b"\xff",
        b"x" * (MAX_REQUEST_BYTES + 1),
    ],
)
def test_a_request_that_is_none_begins_nothing(bench: Bench, payload: bytes) -> None:
    assert answers(bench, payload) == []
    assert bench.woken == 0


def test_a_retained_request_begins_nothing(bench: Bench) -> None:
    assert answers(bench, b"", retained=True) == []
    assert bench.woken == 0


def test_a_request_may_be_forbidden(bench: Bench) -> None:
    said: list[Publication] = []
    topic = RequestTopic(Topics(gateway=GATEWAY), bench.tests, lambda: False)
    topic.on_message("stillwatch/gw/request/self-test", b"", False, said.append)
    assert b"on_request is off" in said[0].payload
    assert not topic.on_message("stillwatch/gw/request/other", b"", False, said.append)
    assert not topic.on_message("stillwatch/other/request/self-test", b"", False, said.append)


def test_the_verdict_and_every_destination_end_it(bench: Bench) -> None:
    bench.ask()
    bench.tick()
    report = f"gw.{CAMERA}.7.0.0"
    verdict = Verdict.model_validate(
        {
            **{"report_id": report, "gateway": "gw", "camera": CAMERA, "label": "person"},
            **{"decision": "confirmed", "decided_by": "cloud", "reasons": ["seen"]},
            "decided_at": bench.clock.now(),
        }
    )
    for hop in ("stored", "reported"):
        bench.tests.reached(verdict.report_id, hop)
    bench.tests.decided(verdict, ("site",))
    bench.tick()
    assert bench.outcomes == []
    bench.tests.reached(verdict.report_id, "notified", "site")
    bench.tick()
    assert [one.passed for one in bench.outcomes] == [True]
