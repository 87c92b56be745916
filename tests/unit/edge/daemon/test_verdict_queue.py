"""What the cloud decided reaches the camera that it is about, once, and is bounded."""

from __future__ import annotations

from datetime import UTC, datetime

from contract.ids import CameraId, GatewayId, ReportId
from contract.verdict import Verdict
from edge.daemon.verdict_queue import VerdictQueue


def verdict(camera: str, number: int) -> Verdict:
    return Verdict(
        report_id=ReportId(f"gw.{camera}.1.{number}.0"),
        gateway=GatewayId("gw"),
        camera=CameraId(camera),
        decision="refuted",
        decided_by="cloud",
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
        label="person",
        reasons=(),
    )


def test_each_camera_hears_its_own_answers_once() -> None:
    verdict_queue = VerdictQueue()
    ours, theirs = verdict("gate", 1), verdict("yard", 1)
    verdict_queue.add(ours)
    verdict_queue.add(theirs)
    assert verdict_queue.take(CameraId("gate")) == (ours,)
    assert verdict_queue.take(CameraId("gate")) == ()
    assert verdict_queue.take(CameraId("yard")) == (theirs,)


def test_of_a_camera_that_is_silent_the_newest_are_kept() -> None:
    verdict_queue = VerdictQueue()
    for number in range(100):
        verdict_queue.add(verdict("gate", number))
    kept = verdict_queue.take(CameraId("gate"))
    assert len(kept) == 64
    assert kept[-1] == verdict("gate", 99)
