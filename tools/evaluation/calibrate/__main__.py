"""`python -m tools.evaluation.calibrate CORPUS`: the limits from which the cloud confirms, tabled.

Half of the corpus' labelled stills (by the hash of their names) fixes the limits, the other half is
only reported on. Every place is asked about as a gateway would: packed by its rules, decided by the
cloud's code from the bytes. Takes minutes; prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from cloud.confirm.decision import combine_scores
from cloud.confirm.matching import ALL, EvidenceView, PictureDetections
from cloud.confirm.policy import Policy
from cloud.model.full_model import FullModel, open_model
from cloud.settings import Settings
from contract.ids import CameraId, GatewayId, ReportId
from contract.labels import Group, group_of
from contract.report import ThreatReport
from edge.config.evidence import EvidenceConfig
from edge.config.schema import EdgeConfig
from edge.deliver.evidence import ReportBundle, ReportOrigin, pack
from edge.detect.detector import open_detector
from edge.privacy import Privacy
from edge.records import AlertCandidate, DecodedFrame, Frame, Suspicion, TrackId
from imaging.admission import Rejected, inspect
from imaging.detections import Image
from imaging.header import Header
from tools.evaluation.calibrate.places import (
    CLASSES,
    SCALES,
    SMALL_PX,
    Half,
    LabelledStill,
    ScoredPlace,
    SuspectedPlace,
    at_scale,
    choose,
    half_of,
    places,
    share,
)
from tools.evaluation.evaluate.intervals import Proportion

SUSPECTED_FROM = 0.15
"""Lower than any rule asks for: the false places should be many and the hard ones among them."""

NOON = datetime(2000, 1, 1, 12, tzinfo=UTC)
CAMERA = CameraId("still")
_LABEL: dict[Group, str] = {"person": "person", "vehicle": "car"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 if the corpus has no stills with boxes."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.evaluation.calibrate", description=__doc__
    )
    parser.add_argument("corpus", type=Path, help="folder with manifest.json and labelled stills")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N stills")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    stills = list(_stills(options.corpus))[: options.limit]
    if not stills:
        print(f"{options.corpus} has no stills with boxes", file=sys.stderr)
        return 1
    models = _CalibrationModels()
    asked: dict[tuple[Half, Group], list[ScoredPlace]] = {}
    for still in tqdm(stills, unit="still", mininterval=15.0):
        for one in _asked(models, still):
            asked.setdefault((half_of(still.file), one.place.kind), []).append(one)
    print(_table(asked))
    return 0


def _table(asked: dict[tuple[Half, Group], list[ScoredPlace]]) -> str:
    lines = [
        "| class | half | limit | true places confirmed | of those under "
        f"{SMALL_PX} px | false places confirmed |",
        "|---|---|---|---|---|---|",
    ]
    for kind in CLASSES:
        limit = choose(asked.get(("calibration", kind), []), kind)
        for half in ("calibration", "reported"):
            ones = asked.get((half, kind), [])
            cells = (
                share(ones, limit, true=True),
                share(ones, limit, true=True, below_px=SMALL_PX),
                share(ones, limit, true=False),
            )
            shares = " | ".join(_cell(cell) for cell in cells)
            lines.append(f"| {kind} | {half} | {limit:.2f} | {shares} |")
    return "\n".join(lines)


def _cell(cell: Proportion) -> str:
    interval = cell.interval()
    if interval is None:
        return "none asked"
    low, high = interval
    return f"{cell.part} of {cell.whole} ({100 * low:.0f} to {100 * high:.0f} %)"


def _stills(corpus: Path) -> Iterator[LabelledStill]:
    manifest = json.loads((corpus / "manifest.json").read_bytes())
    for still in manifest.get("stills", []):
        image = cv2.imread(str(corpus / still["file"]))
        if image is None or "boxes" not in still:
            continue
        labels = tuple(str(box["class"]) for box in still["boxes"])
        stated = {"person": still.get("person"), "vehicle": still.get("vehicle")}
        there = {group_of(label) for label in labels}
        yield LabelledStill(
            file=still["file"],
            image=np.asarray(image, np.uint8),
            boxes=np.array([box["xyxy"] for box in still["boxes"]], np.float32).reshape(-1, 4),
            labels=labels,
            absent=frozenset(
                kind for kind in CLASSES if stated[kind] is False and kind not in there
            ),
        )


class _CalibrationModels:
    """The edge's network, the cloud's model, and the rules by which both work."""

    def __init__(self) -> None:
        detect = EdgeConfig().detect
        self.detector = open_detector(
            detect.model, detect.runtime, detect.threads_per_worker, SUSPECTED_FROM
        )
        settings = Settings()
        self.model: FullModel = open_model(settings.model)
        self.policy: Policy = settings.policy
        self.limits = settings.limits.of_picture()
        self.origin = ReportOrigin(
            gateway=GatewayId("calibration"),
            model_sha256=self.detector.sha256,
            config_version="0",
            config_sha256="0" * 64,
            evidence=EvidenceConfig(),
            privacy=Privacy(),
        )


def _asked(models: _CalibrationModels, still: LabelledStill) -> Iterator[ScoredPlace]:
    for scale in SCALES:
        small = at_scale(still, scale)
        for place in places(small, models.detector.detect(small.image)):
            yield ScoredPlace(place=place, score=_score(models, small.image, place))


def _score(models: _CalibrationModels, image: Image, place: SuspectedPlace) -> float:
    bundle = pack(_case(models, image, place), models.origin)
    views = list(_views(models, bundle))
    return combine_scores(bundle.report, views, models.policy).score


def _views(models: _CalibrationModels, bundle: ReportBundle) -> Iterator[EvidenceView]:
    bodies = {picture.key: picture.jpeg for picture in bundle.pictures}
    report: ThreatReport = bundle.report
    for ref in report.evidence:
        image = cv2.imdecode(np.frombuffer(bodies[ref.key], np.uint8), cv2.IMREAD_COLOR)
        shown = np.asarray(image, np.uint8)
        look = models.model.close_ups if ref.role == "crop" else models.model.detect
        (seen,) = look([shown])
        yield EvidenceView(
            seen=PictureDetections(detections=seen, width=shown.shape[1], height=shown.shape[0]),
            moment=ref.received_at,
            close=ref.role == "crop",
            region=ref.region or ALL,
            place=ref.box,
        )


def _case(models: _CalibrationModels, image: Image, place: SuspectedPlace) -> AlertCandidate:
    picture = cv2.imencode(".png", image)[1].tobytes()
    header = inspect(picture, models.limits)
    if isinstance(header, Rejected):
        raise ValueError(header.detail)
    decoded = _decoded(picture, header, image)
    return AlertCandidate(suspicion=_suspicion(place), best=decoded, best_box=place.box, context=())


def _decoded(picture: bytes, header: Header, image: Image) -> DecodedFrame:
    frame = Frame(
        camera=CAMERA, picture=picture, header=header, received_at=NOON, received_mono_s=0.0
    )
    return DecodedFrame(frame=frame, width=image.shape[1], height=image.shape[0])


def _suspicion(place: SuspectedPlace) -> Suspicion:
    return Suspicion(
        report_id=ReportId("calibration.still.0.0.0"),
        camera=CAMERA,
        track=TrackId(0),
        rule=place.kind,
        label=_LABEL[place.kind],
        score=1.0,
        top_score=1.0,
        median_score=1.0,
        severity=2,
        box=place.box,
        zones=(),
        age_s=0.0,
        displacement=0.0,
        stationary=False,
        reasons=(),
        raised_at=NOON,
    )


if __name__ == "__main__":
    sys.exit(main())
