"""An audit on its way: whole frames, after every suspicion, and no alarm at its answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from contract.ids import CameraId, ReportId
from contract.report import Sample
from contract.verdict import Decision
from edge.audit.counts import AuditCounts
from edge.audit.events import AuditSample, RejectedSegment
from edge.audit.sampling import SampleKind
from edge.config.audit import AuditConfig
from edge.config.schema import EdgeConfig
from edge.daemon.audit_sender import AuditSender
from edge.deliver.audit_bundle import pack_audit
from edge.deliver.evidence import ReportBundle, ReportOrigin
from edge.intake.admission import picture_limits
from edge.privacy import Privacy
from edge.records import Frame
from imaging.admission import Rejected, inspect
from imaging.polygons import Box
from tests.fakes import START
from tests.unit.edge.deliver.bundles import CAMERA, GATEWAY, bundle, name, verdict
from tests.unit.edge.deliver.home import THREAT, Home
from tests.unit.edge.deliver.site import Site

ORIGIN = ReportOrigin(
    gateway=GATEWAY,
    model_sha256="a" * 64,
    config_version="1",
    config_sha256="b" * 64,
    evidence=EdgeConfig().deliver.evidence,
    privacy=Privacy(),
)


def a_frame(
    width: int = 1280, height: int = 720, cut: int | None = None, noise: int = 9, at_s: float = 0.0
) -> Frame:
    grain = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    picture = cv2.imencode(".jpg", cv2.blur(grain, (noise, noise)))[1].tobytes()
    header = inspect(picture, picture_limits(EdgeConfig().intake.limits))
    assert not isinstance(header, Rejected)
    return Frame(
        camera=CAMERA,
        picture=picture[:cut],
        header=header,
        received_at=START + timedelta(seconds=at_s),
        received_mono_s=at_s,
    )


def drawn(*frames: Frame, number: int = 2, box: Box | None = None) -> AuditSample:
    id_ = ReportId(f"gw.gate.1.{number}.0")
    return AuditSample(report_id=id_, frames=frames or (a_frame(),), box=box)


def rejected(
    audited: AuditSample | None, kind: SampleKind = "motion", share: float = 0.005
) -> RejectedSegment:
    return RejectedSegment(
        camera=CameraId("gate"),
        kind=kind,
        began_at_s=0.0,
        lasted_s=12.5,
        share=share,
        audited=audited,
    )


def packed(
    audited: AuditSample, most_bytes: int = 400_000, kind: SampleKind = "motion"
) -> ReportBundle | None:
    return pack_audit(rejected(audited, kind), audited, ORIGIN, AuditConfig(), most_bytes)


def audit(number: int = 1, size: int = 1000) -> ReportBundle:
    one = bundle(number, severity=0, size=size)
    return replace(one, report=one.report.model_copy(update={"audit": True}))


def test_an_audit_shows_whole_frames_reduced_and_says_how_it_was_drawn() -> None:
    box = (640.0, 360.0, 1280.0, 720.0)
    bundle = packed(drawn(a_frame(at_s=3), a_frame(at_s=0), a_frame(at_s=9), box=box))
    assert bundle is not None
    report = bundle.report
    assert [ref.role for ref in report.evidence] == ["best", "context", "context"]
    assert {(ref.width, ref.height) for ref in report.evidence} == {(960, 540)}
    assert [(ref.received_at - START).total_seconds() for ref in report.evidence] == [3, 0, 9]
    assert (report.audit, report.severity, report.box) == (True, 0, (0.5, 0.5, 1.0, 1.0))
    assert report.sample == Sample(kind="motion", share=0.005)
    assert report.rule.reasons == (
        "12.5 s of motion in which nothing was reported",
        "drawn for the audit with a probability of 0.5 %",
    )


def test_its_pixels_are_those_of_the_camera_whatever_shape_the_edge_takes_them_for() -> None:
    """A recorder's 960x1088 is twice as high as it should be: that is for the cloud to find out."""
    bundle = packed(drawn(a_frame(960, 1088)))
    assert bundle is not None
    (ref,) = bundle.report.evidence
    assert (ref.width, ref.height) == (847, 960)


def test_what_was_reported_in_it_is_said_so_that_it_is_not_taken_for_missed() -> None:
    audited = drawn(a_frame())
    one = replace(rejected(audited, "partly"), reported=frozenset({"vehicle"}))
    bundle = pack_audit(one, audited, ORIGIN, AuditConfig(), 400_000)
    assert bundle is not None
    assert bundle.report.sample == Sample(kind="partly", share=0.005, reported=("vehicle",))
    assert bundle.report.rule.reasons[0].endswith("only this was reported: vehicle")


def test_a_quiet_minute_points_nowhere() -> None:
    bundle = packed(drawn(a_frame()), kind="quiet")
    assert bundle is not None
    assert bundle.report.box == (0.0, 0.0, 1.0, 1.0)
    assert bundle.report.rule.reasons[0] == "a minute in which nothing moved for the gate"


def test_pictures_are_reduced_until_they_fit_and_no_further() -> None:
    frames = [a_frame(noise=2, at_s=t) for t in range(4)]
    for most_bytes in (400_000, 100_000):
        bundle = packed(drawn(*frames), most_bytes)
        assert bundle is not None
        size = sum(ref.bytes for ref in bundle.report.evidence)
        assert most_bytes / 2 < size <= most_bytes
    least = packed(drawn(*frames), 1)
    assert least is not None
    assert least.report.evidence[0].width == 160


def test_a_small_picture_is_not_enlarged_and_a_broken_one_not_sent() -> None:
    bundle = packed(drawn(a_frame(320, 240)))
    assert bundle is not None
    assert bundle.report.evidence[0].width == 320
    assert packed(drawn(a_frame(cut=-4000))) is None
    whole = packed(drawn(a_frame(cut=-4000), a_frame(320, 240), box=(0.0, 0.0, 1.0, 1.0)))
    assert whole is not None
    assert [ref.role for ref in whole.report.evidence] == ["best"]
    assert whole.report.box == (0.0, 0.0, 1.0, 1.0)


def test_audits_wait_for_every_suspicion_and_go_before_any(tmp_path: Path) -> None:
    site = Site(tmp_path, max_bytes=1_000_000)
    outbox = site.open()
    outbox.put(audit(1, size=200_000))
    outbox.put(bundle(2, severity=0, size=200_000))
    first = outbox.deliveries.next_due(site.clock.mono())
    assert first is not None
    assert first.report_id == name(2)
    outbox.put(bundle(3, severity=0, size=200_000))
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
    counts.answer(name(1), decision, Sample(kind="motion", share=0.5))
    assert counts.as_json()[step] == 1
    recall = counts.recall("motion")
    assert recall.answered.weight == 2 * (decision == "refuted")
    assert recall.unknown.weight == 2 * (decision != "refuted")


def test_kinds_are_counted_apart_and_an_old_report_counts_once() -> None:
    counts = AuditCounts()
    counts.answer(name(1), "confirmed", Sample(kind="quiet", share=0.1))
    counts.answer(name(2), "refuted", None)
    counts.answer(name(3), "refuted", Sample(kind="of a newer gateway", share=1.0))
    said = counts.as_json()
    assert (said["missed"], said["clear"], said["answered"]) == (0, 2, 2)
    assert counts.recall("quiet").rate() == 1.0


def test_what_is_lost_on_its_way_widens_the_interval() -> None:
    counts = AuditCounts()
    for number in range(4):
        counts.send(name(number), "motion", 0.5)
    counts.answer(name(0), "refuted", Sample(kind="motion", share=0.5))
    narrow = counts.recall("motion").interval()
    counts.lose(name(1))
    counts.lose(name(1))
    counts.lose(name(77))
    said = counts.as_json()
    assert (said["sent"], said["dropped"]) == (4, 1)
    assert said["interval"] == "sampling, widened by 1 without an answer"
    wide = counts.recall("motion").interval()
    assert narrow is not None
    assert wide is not None
    assert wide[1] > narrow[1]


def test_what_is_rejected_is_counted_and_what_was_drawn_has_its_bytes(tmp_path: Path) -> None:
    site = Site(tmp_path)
    counts = AuditCounts()
    auditor, config = AuditSender(site.open(), counts), EdgeConfig()
    assert auditor.limit(100.0, 0, config) == 1.0
    for number in range(4):
        assert auditor.limit(100.0, 3 - number, config) > 0
        one = rejected(drawn(a_frame(noise=2), number=number))
        assert auditor.take((rejected(None), one), config, ORIGIN, 100.0)
    spent = auditor.limit(100.0, 0, config)
    assert auditor.limit(100.0, 4, config) == 0.0
    assert spent < 1.0
    assert auditor.limit(100.0 + 86_400, 0, config) == 1.0
    auditor.take((rejected(None, share=0.0), rejected(None, "quiet")), config, ORIGIN, 100.0)
    said = counts.as_json()
    assert (said["rejected_events"], said["uncovered"], said["sent"]) == (9, 1, 4)
    assert said["dropped"] == 0
    quiet = said["quiet"]
    assert isinstance(quiet, dict)
    assert (quiet["quiet_minutes"], quiet["sent"]) == (1, 0)


def test_one_that_does_not_decode_or_finds_no_outbox_is_dropped_and_said(tmp_path: Path) -> None:
    outbox = Site(tmp_path, max_bytes=1_000_000).open()
    outbox.put(bundle(1, severity=0, size=480_000))
    counts = AuditCounts()
    auditor = AuditSender(outbox, counts)
    broken, large = drawn(a_frame(cut=-4000)), drawn(a_frame(noise=2), a_frame(noise=2, at_s=1))
    assert not auditor.take((rejected(broken), rejected(large)), EdgeConfig(), ORIGIN, 0.0)
    said = counts.as_json()
    assert (said["sent"], said["dropped"]) == (0, 2)
