"""What the cloud decided reaches the camera that it is about, once, and is bounded."""

from __future__ import annotations

from datetime import UTC, datetime

from contract.ids import CameraId, GatewayId, ReportId
from contract.verdict import Verdict
from edge.daemon.feedback import Feedback


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
    feedback = Feedback()
    ours, theirs = verdict("gate", 1), verdict("yard", 1)
    feedback.hear(ours)
    feedback.hear(theirs)
    assert feedback.take(CameraId("gate")) == (ours,)
    assert feedback.take(CameraId("gate")) == ()
    assert feedback.take(CameraId("yard")) == (theirs,)


def test_of_a_camera_that_is_silent_the_newest_are_kept() -> None:
    feedback = Feedback()
    for number in range(100):
        feedback.hear(verdict("gate", number))
    kept = feedback.take(CameraId("gate"))
    assert len(kept) == 64
    assert kept[-1] == verdict("gate", 99)
