"""Audits on their way through the evaluator: pictures of a real store, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from cloud.confirm.evaluator import AUDITED_PX, ReportEvaluator
from cloud.settings import Settings
from contract.evidence_request import EvidenceRequest
from contract.report import EvidenceRef, Sample, ThreatReport
from contract.verdict import Verdict
from imaging.detections import Detections, Image
from objectstore.open import open_store
from tests.fakes import ManualClock
from tests.unit.cloud.confirm.test_audit import EMPTY, PERSON, geometric, picture
from tests.unit.cloud.reports import a_ref, a_report


class Geometric:
    """The network of `test_audit`, which remembers the sizes that it was shown."""

    sha256 = "c" * 64

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self.sizes += [image.shape[:2] for image in images]
        return geometric(images)

    def close_ups(self, images: Sequence[Image]) -> list[Detections]:
        return self.detect(images)


class Court:
    """An evaluator over a folder; pictures are put there unless they are `lost`."""

    def __init__(self, folder: Path) -> None:
        self.store, self.model = open_store(f"dir:{folder}"), Geometric()
        settings = Settings()
        self.evaluator = ReportEvaluator(
            store=self.store,
            model=self.model,
            policy=settings.policy,
            limits=settings.limits.of_picture(),
            clock=ManualClock(),
        )

    def shown(self, at_s: float, image: Image, *, lost: bool = False) -> EvidenceRef:
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
        role, size = "context" if at_s else "best", (int(image.shape[1]), int(image.shape[0]))
        ref = a_ref(jpeg, "best", size, at=at_s).model_copy(update={"role": role})
        if not lost:
            self.store.put_if_absent(ref.key, jpeg, "image/jpeg")
        return ref


def audit(*evidence: EvidenceRef, restores_left: int = 0) -> ThreatReport:
    sample = Sample(kind="motion", share=0.5)
    report = a_report(label="motion", audit=True, severity=0, evidence=evidence)
    return report.model_copy(update={"sample": sample, "restores_left": restores_left})


def test_all_whole_frames_are_looked_at_together(tmp_path: Path) -> None:
    court = Court(tmp_path)
    there = picture(("person", 0.9, PERSON))
    passed = audit(court.shown(0, EMPTY), court.shown(20, there), court.shown(40, EMPTY))
    verdict = court.evaluator.decide(passed)
    assert (verdict.decision, verdict.label) == ("confirmed", "person")
    stood = audit(court.shown(0, there), court.shown(20, there), court.shown(40, there))
    assert court.evaluator.decide(stood).decision == "refuted"


def test_a_picture_that_is_missing_leaves_it_open_and_is_asked_for_again(tmp_path: Path) -> None:
    court = Court(tmp_path)
    lost = court.shown(40, picture(("person", 0.9, PERSON)), lost=True)
    report = audit(court.shown(0, EMPTY), lost, restores_left=1)
    assert court.evaluator.decide(report).decision == "inconclusive"
    answer = court.evaluator.evaluate(report)
    assert isinstance(answer, EvidenceRequest)
    assert answer.unreadable == (lost.key,)
    answer = court.evaluator.evaluate(report.model_copy(update={"restores_left": 0}))
    assert isinstance(answer, Verdict)
    assert answer.decision == "inconclusive"


def test_an_old_gateways_one_picture_is_decided_and_crops_are_none(tmp_path: Path) -> None:
    court = Court(tmp_path)
    whole = court.shown(0, picture(("person", 0.9, PERSON)))
    old = audit(whole).model_copy(update={"sample": None})
    assert court.evaluator.decide(old).decision == "confirmed"
    crop = whole.model_copy(update={"role": "crop"})
    assert court.evaluator.decide(audit(crop)).decision == "inconclusive"


def test_pictures_far_too_large_are_reduced_before_any_look(tmp_path: Path) -> None:
    court = Court(tmp_path)
    vast = np.full((300, 6000, 3), 90, np.uint8)
    refs = [court.shown(float(at_s), np.asarray(vast + at_s, np.uint8)) for at_s in range(3)]
    court.evaluator.decide(audit(*refs))
    assert max(max(size) for size in court.model.sizes) <= AUDITED_PX
