"""An audit on its way: one small picture, after every suspicion, and no alarm at its answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from contract.ids import CameraId, ReportId
from contract.verdict import Decision
from edge.auditing import Auditor
from edge.config.audit import Audit
from edge.config.schema import Config
from edge.decide.audit import Shown, Unsuspected
from edge.deliver.audit_parcel import pack_audit
from edge.deliver.evidence import Origin, Parcel
from edge.intake.admission import picture_limits
from edge.privacy import Privacy
from edge.records import Frame
from edge.runtime.audit_counts import AuditCounts
from imaging.admission import Rejected, inspect
from tests.fakes import START
from tests.unit.edge.deliver.parcels import CAMERA, GATEWAY, name, parcel, verdict
from tests.unit.edge.deliver.site import Site
from tests.unit.edge.deliver.test_verdicts import THREAT, Home

ORIGIN = Origin(
    gateway=GATEWAY,
    model_sha256="a" * 64,
    config_version="1",
    config_sha256="b" * 64,
    evidence=Config().deliver.evidence,
    privacy=Privacy(),
)


def shown(width: int = 1280, height: int = 720, cut: int | None = None) -> Shown:
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    picture = cv2.imencode(".jpg", cv2.blur(noise, (9, 9)))[1].tobytes()
    header = inspect(picture, picture_limits(Config().intake.limits))
    assert not isinstance(header, Rejected)
    frame = Frame(
        camera=CAMERA, picture=picture[:cut], header=header, received_at=START, received_mono_s=0.0
    )
    return Shown(frame=frame, share=0.01, box=(640.0, 360.0, 1280.0, 720.0))


def audit(number: int = 1, size: int = 1000) -> Parcel:
    one = parcel(number, severity=0, size=size)
    return replace(one, report=one.report.model_copy(update={"audit": True}))


def test_an_audit_is_one_reduced_picture_and_says_so() -> None:
    packed = pack_audit(ReportId("gw.gate.1.2.0"), shown(), 12.5, ORIGIN, Audit())
    assert packed is not None
    (ref,) = packed.report.evidence
    (picture,) = packed.pictures
    assert (ref.role, ref.width, ref.height, ref.bytes) == ("best", 640, 360, len(picture.jpeg))
    assert packed.report.audit
    assert packed.report.severity == 0
    assert packed.report.box == (0.5, 0.5, 1.0, 1.0)
    assert packed.report.rule.reasons[0] == "12.5 s of motion in which nothing was suspected"


def test_a_small_picture_is_not_enlarged_and_a_broken_one_not_sent() -> None:
    id_ = ReportId("gw.gate.1.2.0")
    packed = pack_audit(id_, shown(320, 240), 1.0, ORIGIN, Audit())
    assert packed is not None
    assert packed.report.evidence[0].width == 320
    assert pack_audit(id_, shown(cut=-4000), 1.0, ORIGIN, Audit()) is None


def test_audits_wait_for_every_suspicion_and_go_before_any(tmp_path: Path) -> None:
    site = Site(tmp_path, max_bytes=1_000_000)
    outbox = site.open()
    outbox.put(audit(1, size=200_000))
    outbox.put(parcel(2, severity=0, size=200_000))
    first = outbox.next_due(site.clock.mono())
    assert first is not None
    assert first.report_id == name(2)
    outbox.put(parcel(3, severity=0, size=200_000))
    assert [(loss.report_id, loss.severity) for loss in site.losses] == [(name(1), -1)]


@pytest.mark.parametrize("alert", [False, True])
def test_a_missed_threat_is_counted_apart_and_alarms_only_if_asked(
    tmp_path: Path, alert: bool
) -> None:
    home = Home(tmp_path, entries=0, audit={"alert": alert})
    home.outbox.put(audit(1))
    home.hear(verdict(1, "confirmed").model_copy(update={"audit": True}))
    assert home.counted() == {}
    assert home.counters.audits.as_json()["missed"] == 1
    assert (b"ON" in home.broker.on(THREAT)) is alert


@pytest.mark.parametrize(
    ("decision", "step"),
    [("refuted", "clear"), ("inconclusive", "unanswered"), ("unconfirmed", "unanswered")],
)
def test_only_a_plain_answer_enters_the_rate(decision: Decision, step: str) -> None:
    counts = AuditCounts()
    counts.answer(decision)
    assert counts.as_json()[step] == 1
    assert counts.recall().judged == (decision == "refuted")


def test_what_is_rejected_is_counted_and_what_is_drawn_is_kept_or_dropped(tmp_path: Path) -> None:
    site = Site(tmp_path)
    counts = AuditCounts()
    auditor = Auditor(site.open(), counts)
    drawn = [
        Unsuspected(
            camera=CameraId("gate"),
            lasted_s=1.0,
            shown=shown(),
            report_id=ReportId(f"gw.gate.1.{n}.0"),
        )
        for n in range(2)
    ]
    plain = Unsuspected(camera=CameraId("gate"), lasted_s=1.0)
    config = Config()
    assert not auditor.take((plain, drawn[0]), config, ORIGIN, 100.0)
    assert auditor.take((plain, drawn[1]), config, ORIGIN, 100.0 + 86_400)
    said = counts.as_json()
    assert (said["rejected_events"], said["sent"], said["dropped"]) == (4, 1, 1)
