"""An archive decided in stages by the full model, and the same pictures decided live."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from cloud.confirm.evaluator import ReportEvaluator
from cloud.confirm.policy import Policy
from cloud.model.full_model import FullModel, open_model
from cloud.settings import EvidenceLimits
from cloud.stages.closeup import close_up
from cloud.stages.day import DayVerdicts
from cloud.stages.detections import PictureRecord
from contract.keys import evidence_key
from contract.report import EvidenceRef, RelativeBox
from contract.verdict import Verdict
from edge.deliver.evidence import relative
from imaging.detections import Image
from objectstore.open import open_store
from service.clock import SystemClock
from tests.models import shipped
from tests.unit.cloud.reports import CAMERA, GATEWAY, NOON, a_report
from tests.unit.cloud.stages.archives import contents
from tests.unit.imaging.pictures import encoded
from tools.demo.archive.__main__ import MARK, main

FIRST = 1714564800
Role = Literal["best", "crop"]


def archived(folder: Path) -> Path:
    """A street by day, smaller and darker until nobody can be told, and an empty picture."""
    street = cv2.imread(str(shipped("confirm-fused").parent / "self_test" / "street-130.jpg"))
    assert street is not None
    views = [street, np.full((240, 320, 3), 90, np.uint8)]
    for scale in (0.18, 0.15, 0.12):
        small = cv2.resize(street, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        views += [(small * light).astype(np.uint8) for light in (0.25, 0.15)]
    folder.mkdir()
    for number, view in enumerate(views):
        (folder / f"gate_{FIRST + number}.jpg").write_bytes(encoded(view))
    return folder


@dataclass(frozen=True, kw_only=True)
class Live:
    """A worker's evaluator with a store of its own."""

    folder: Path
    model: FullModel

    def verdict(self, picture: bytes, box: tuple[float, float, float, float]) -> Verdict:
        """On a report about a person in `box` (pixels), packed as a gateway packs it."""
        image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
        frame = np.asarray(image, np.uint8)
        shown, region = close_up(frame, box)
        place = _share(box, frame)
        whole = self._keep("best", picture).model_copy(update={"width": frame.shape[1]})
        crop = self._keep("crop", encoded(shown, ".png")).model_copy(
            update={"width": shown.shape[1], "region": region, "box": place}
        )
        evidence = (whole, crop)
        report = a_report(box=place, evidence=evidence)
        return ReportEvaluator(
            store=open_store(f"dir:{self.folder}"),
            model=self.model,
            policy=Policy(),
            limits=EvidenceLimits().of_picture(),
            clock=SystemClock(),
        ).decide(report)

    def _keep(self, role: Role, picture: bytes) -> EvidenceRef:
        sha256 = hashlib.sha256(picture).hexdigest()
        key = evidence_key(GATEWAY, CAMERA, NOON, sha256)
        open_store(f"dir:{self.folder}").put_if_absent(key, picture, "image/jpeg")
        return EvidenceRef(role=role, key=key, sha256=sha256, bytes=len(picture),
                           width=1, height=1, received_at=NOON)  # fmt: skip


def _share(box: tuple[float, float, float, float], frame: Image) -> RelativeBox:
    height, width = frame.shape[:2]
    return relative(box, width, height)


def told(verdict: Verdict) -> tuple[object, ...]:
    return verdict.decision, verdict.label, verdict.score, verdict.severity, verdict.reasons


def test_an_archive_gets_the_verdicts_that_its_pictures_get_live(tmp_path: Path) -> None:
    archive, out = archived(tmp_path / "in"), tmp_path / "out"
    assert main([str(archive), str(out)]) == 0
    live = Live(folder=tmp_path / "store", model=open_model("confirm-fused"))
    file = out / "verdicts" / "threats" / "gate" / "2024-05-01.json"
    endings = set()
    for decided in DayVerdicts.model_validate_json(file.read_bytes()).pictures:
        record = out / "detections" / "gate" / "2024-05-01" / decided.picture
        sight = PictureRecord.model_validate_json(record.with_suffix(".json").read_bytes())
        assert sight.model.sha256 == live.model.sha256
        picture = (archive / decided.picture).read_bytes()
        persons = [row for row in sight.detections if row.label == "person"]
        places = [row.box for row in persons] or [(0.0, 0.0, sight.width, sight.height)]
        answers = [live.verdict(picture, box) for box in places]
        (verdict,) = decided.verdicts
        first = next((one for one in answers if one.decision == "confirmed"), answers[0])
        assert told(verdict) == told(first)
        endings.add((verdict.decision, bool(persons) and 0.2 <= persons[0].score < 0.35))
    assert {("confirmed", False), ("refuted", False), ("refuted", True)} <= endings


def test_a_second_run_gives_the_same_bytes_and_removes_what_is_gone(tmp_path: Path) -> None:
    archive, out = archived(tmp_path / "in"), tmp_path / "out"
    rules = tmp_path / "rules.yaml"
    rules.write_text("alerts: {recipients: [{address: guard@example.org}]}")
    arguments = [str(archive), str(out), "--model", "centernet-640", "--rules", str(rules)]
    assert main(arguments) == 0
    before = contents(out)
    assert any(name.endswith(".eml") for name in before)
    assert main(arguments) == 0
    assert contents(out) == before
    (archive / f"gate_{FIRST}.jpg").unlink()
    assert main(arguments) == 0
    assert not [name for name in contents(out) if str(FIRST) in name]


def test_a_folder_of_others_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "in"
    archive.mkdir()
    (tmp_path / "out" / "validated").mkdir(parents=True)
    assert main([str(archive), str(tmp_path / "out")]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert main([str(archive), str(archive / "out")]) == 1
    assert list(archive.iterdir()) == []
    assert not (tmp_path / "out" / MARK).exists()


def test_a_record_is_plain_json_with_boxes_in_pixels(tmp_path: Path) -> None:
    archive, out = archived(tmp_path / "in"), tmp_path / "out"
    assert main([str(archive), str(out), "--model", "nanodet-g-512"]) == 0
    record = out / "detections" / "gate" / "2024-05-01" / f"gate_{FIRST}.json"
    found = json.loads(record.read_text())
    assert (found["width"], found["height"], found["model"]["name"]) == (768, 576, "nanodet-g-512")
    persons = [one for one in found["detections"] if one["label"] == "person"]
    assert (persons[0]["score"] > 0.3, len(persons[0]["box"])) == (True, 4)
    assert record.with_suffix(".jpg").resolve() == (archive / f"gate_{FIRST}.jpg").resolve()
