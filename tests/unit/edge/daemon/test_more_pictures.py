"""The cloud asks for another picture of the same thing."""

from __future__ import annotations

from pathlib import Path

from contract.evidence_request import EvidenceRequest
from contract.report import ThreatReport
from edge.deliver.evidence_requests import PATIENCE_S
from tests.unit.edge.daemon.desk import CAMERA, Desk
from tests.unit.edge.scenes import picture

STREAM = f"cameras: {{{CAMERA}: {{kind: stream}}}}"


class Walk:
    """A walker in a stream, up to the first suspicion and on."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder, STREAM)
        self.steps = 0
        while (found := self._report()) is None:
            self.step()
            assert self.steps < 60
        self.report = found

    def _report(self) -> ThreatReport | None:
        entry = self.desk.outbox.deliveries.next_due(self.desk.clock.mono())
        return entry.report if entry else None

    def step(self) -> None:
        """One frame later: first the empty yard, then the walker."""
        self.desk.clock.advance(0.2)
        at = max(0, self.steps - 20)
        self.desk.look(picture(20 + 6 * at if at else None, seed=self.steps))
        self.steps += 1

    def ask(self, requests_left: int = 1) -> None:
        self.desk.evidence_requests.ask(
            EvidenceRequest(
                report_id=self.report.report_id,
                gateway=self.report.gateway,
                camera=CAMERA,
                asked_at=self.desk.clock.now(),
                requests_left=requests_left,
            )
        )

    def now(self) -> ThreatReport:
        entry = self.desk.outbox.find(self.report.report_id)
        assert entry is not None
        return entry.report


def test_asked_for_more_a_newer_picture_of_the_same_thing_is_sent(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    assert walk.report.requests_left == 2
    walk.ask(2)
    for _ in range(4):
        walk.step()
    answer = walk.now()
    assert (answer.report_id, answer.requests_left) == (walk.report.report_id, 1)
    assert answer.evidence[:-1] == walk.report.evidence
    assert answer.evidence[-1].role == "crop"
    assert answer.evidence[-1].received_at > walk.report.evidence[-1].received_at
    entry = walk.desk.outbox.deliveries.next_due(walk.desk.clock.mono())
    assert entry is not None, "it is due at once"
    assert entry.state == "pending"
    pictures = walk.desk.outbox.pictures(entry)
    assert pictures is not None
    assert pictures[-1].key == answer.evidence[-1].key


def test_a_question_asked_twice_or_too_late_is_answered_once(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.ask(2)
    for _ in range(4):
        walk.step()
    answer = walk.now()
    assert answer.requests_left == 1
    walk.ask(2)
    for _ in range(4):
        walk.step()
    assert walk.now() == answer


def test_where_nothing_more_can_be_seen_the_cloud_is_told_to_decide(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.ask(2)
    walk.desk.clock.advance(PATIENCE_S + 1)
    walk.desk.look(picture(seed=99))
    assert (walk.now().requests_left, walk.now().evidence) == (0, walk.report.evidence)
