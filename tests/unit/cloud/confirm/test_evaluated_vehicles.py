"""Vehicles on their way through the evaluator: asked about where they may stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import cv2
import pytest

from cloud.confirm.evaluator import ReportEvaluator
from cloud.settings import Settings
from contract.evidence_request import EvidenceRequest
from contract.report import EvidenceRef, RelativeBox, ThreatReport
from imaging.detections import Detections, Image
from objectstore.open import open_store
from tests.fakes import ManualClock
from tests.unit.cloud.confirm.test_movement import CAR, HEIGHT, PARKED, WIDTH, Place, scene
from tests.unit.cloud.reports import NOON, a_ref, a_report, saw


class SeesACar:
    """A network that sees a car wherever the tests park one, and nothing else."""

    sha256 = "c" * 64

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        x, y = PARKED
        return [saw(("car", 0.6, (x, y, x + CAR[0], y + CAR[1]))) for _ in images]

    def close_ups(self, images: Sequence[Image]) -> list[Detections]:
        return self.detect(images)


class Court:
    """An evaluator over a folder."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(f"dir:{folder}")
        settings = Settings()
        self.evaluator = ReportEvaluator(
            store=self.store,
            model=SeesACar(),
            policy=settings.policy,
            limits=settings.limits.of_picture(),
            clock=ManualClock(),
        )

    def shown(self, at_s: float, image: Image) -> EvidenceRef:
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
        self.store.put_if_absent(
            a_ref(jpeg, "crop", (WIDTH, HEIGHT), at=at_s).key, jpeg, "image/jpeg"
        )
        whole: RelativeBox = (0.0, 0.0, 1.0, 1.0)
        ref = a_ref(jpeg, "crop", (WIDTH, HEIGHT), at=at_s, region=whole)
        return ref.model_copy(update={"box": _share(PARKED)})


def _share(place: Place) -> RelativeBox:
    x, y = place
    return x / WIDTH, y / HEIGHT, (x + CAR[0]) / WIDTH, (y + CAR[1]) / HEIGHT


def report(*evidence: EvidenceRef, requests_left: int) -> ThreatReport:
    said = a_report(label="car", box=_share(PARKED), displacement=2.8, evidence=evidence)
    raised = {"raised_at": NOON + timedelta(seconds=8), "requests_left": requests_left}
    return said.model_copy(update=raised)


@pytest.fixture
def court(tmp_path: Path) -> Court:
    return Court(tmp_path)


def test_where_it_may_stand_one_more_picture_is_asked_for_and_decides(court: Court) -> None:
    before = court.shown(0, scene(PARKED)), court.shown(0.5, scene(PARKED, (300, 200)))
    asked = court.evaluator.evaluate(report(*before, requests_left=2))
    assert isinstance(asked, EvidenceRequest)
    assert asked.reasons[-1] == "its place looks the same in every picture so far"
    after = court.shown(9.5, scene(PARKED, (300, 100)))
    verdict = court.evaluator.evaluate(report(*before, after, requests_left=1))
    assert not isinstance(verdict, EvidenceRequest)
    assert (verdict.decision, verdict.severity) == ("refuted", 0)


def test_without_a_further_picture_what_was_seen_decides(court: Court) -> None:
    before = court.shown(0, scene(PARKED)), court.shown(0.5, scene(PARKED, (300, 200)))
    verdict = court.evaluator.evaluate(report(*before, requests_left=0))
    assert not isinstance(verdict, EvidenceRequest)
    assert verdict.decision == "confirmed"
