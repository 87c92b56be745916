"""The audit sees what the edge cannot: a garage in pixels twice as high as wide.

With its table of squeezed sizes the edge finds the man who walks there; told that pixels are square
it finds nobody. Evaluated by the edge's own view that was "0 missed". Needs labelled footage:
STILLWATCH_DATA names its folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloud.confirm.evaluator import ReportEvaluator
from cloud.model.full_model import open_model
from cloud.settings import load_settings
from contract.cloudevent import frame_report, read_report
from contract.ids import CameraId
from contract.verdict import Verdict
from edge.audit.events import RejectedSegment
from edge.config.load import load
from edge.config.schema import EdgeConfig
from edge.deliver.audit_bundle import pack_audit
from edge.deliver.evidence import ReportOrigin
from edge.detect.detector import open_detector
from edge.replay.player import Files, play
from objectstore.open import open_store
from service.clock import SystemClock
from tools.evaluation.evaluate.confirmation import audit_all, origin_of

CLIP = Path(os.environ.get("STILLWATCH_DATA", "/nowhere")) / "field" / "garage_ir"
FPS = 5.0
BEFORE_THE_CAR_S = 7.0
"""Then a car comes, which with pixels half as wide passes for a person: something is told."""
CAMERA = CameraId("garage")

pytestmark = pytest.mark.skipif(
    not CLIP.is_dir(), reason="STILLWATCH_DATA names no folder with field/"
)


def square_pixels(folder: Path) -> tuple[EdgeConfig, ReportOrigin]:
    """A gateway that takes all pixels for square, and audits all that it rejects."""
    file = folder / "edge.yaml"
    file.write_text("camera_defaults: {pixel_aspect: 1.0}\n")
    loaded = load(file, {})
    return audit_all(loaded.config, 0), origin_of(loaded, "a" * 64)


def played(config: EdgeConfig) -> tuple[int, list[RejectedSegment]]:
    """How many suspicions were raised, and what was rejected."""
    detect = config.detect
    detector = open_detector(detect.model, "litert", 1, detect.min_score)
    frames = sorted(CLIP.glob("*.jpg"))[: round(FPS * BEFORE_THE_CAR_S)]
    steps = list(play(Files(frames), config, CAMERA, FPS, detector))
    rejected = [one for step in steps for one in step.rejected_segments]
    return sum(len(step.candidates) for step in steps), rejected


def answered(
    one: RejectedSegment, origin: ReportOrigin, config: EdgeConfig, evaluator: ReportEvaluator
) -> Verdict:
    """The whole way but for broker and outbox."""
    assert one.audited is not None
    settings = config.deliver.audit
    bundle = pack_audit(one, one.audited, origin, settings, settings.max_bytes)
    assert bundle is not None
    assert sum(len(picture.jpeg) for picture in bundle.pictures) <= settings.max_bytes
    for picture in bundle.pictures:
        evaluator.store.put_if_absent(picture.key, picture.jpeg, "image/jpeg")
    return evaluator.decide(read_report(frame_report(bundle.report)))


def test_a_man_lost_to_the_wrong_pixel_aspect_is_found_by_the_audit(tmp_path: Path) -> None:
    config, origin = square_pixels(tmp_path)
    suspicions, rejected = played(config)
    assert suspicions == 0
    settings = load_settings(None, {}, {})
    evaluator = ReportEvaluator(
        store=open_store(f"dir:{tmp_path / 'store'}"),
        model=open_model(settings.model),
        policy=settings.policy,
        limits=settings.limits.of_picture(),
        clock=SystemClock(),
    )
    verdicts = [answered(one, origin, config, evaluator) for one in rejected if one.audited]
    missed = [verdict for verdict in verdicts if verdict.decision == "confirmed"]
    assert "person" in {one.label for verdict in missed for one in verdict.sightings}
