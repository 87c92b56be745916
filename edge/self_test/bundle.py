"""The suspicion that a self-test sends: a picture with a person in it, stamped and marked.

PURE (but for reading the picture). The picture is the one by which the configured model is proved;
the time and the report's id are written over its upper edge, so each test's bytes are its own and
the store has to take them. Called by `edge.self_test.runner`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import cv2

from contract.ids import CameraId, ReportId
from edge.deliver.evidence import ReportBundle, ReportOrigin, pack
from edge.privacy import Privacy
from edge.records import AlertCandidate, DecodedFrame, Frame, Suspicion, TrackId
from imaging.manifest import Manifest
from imaging.polygons import Box

CAMERA = CameraId("_self_test")
"""Of no camera: its evidence and its topics stand apart."""

RULE = "self_test"
LABEL = "person"

_STRIP_PX = 24
_QUALITY = 85


class NoTestPicture(Exception):
    """There is no picture to send; the text says where it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPicture:
    """BGR pixels as stored, and where a person is in them (xyxy, pixels)."""

    path: Path
    box: Box


def find_picture(folder: Path, manifest: Manifest) -> TestPicture:
    """The model's own test picture and the surest person in it; raises `NoTestPicture`."""
    test = manifest.self_test
    rows = () if test is None else zip(test.scores, test.labels, test.boxes, strict=True)
    people = [(score, box) for score, label, box in rows if label == LABEL]
    if test is None or not people:
        raise NoTestPicture(f"the manifest of model {manifest.name} has no picture of a person")
    path = folder / test.picture
    if not path.is_file():
        raise NoTestPicture(f"the test picture {path} is missing")
    x0, y0, x1, y1 = max(people)[1]
    return TestPicture(path=path, box=(x0, y0, x1, y1))


def stamped(picture: TestPicture, words: str) -> bytes:
    """The picture as JPEG with `words` over its upper edge; raises `NoTestPicture`."""
    image = cv2.imread(str(picture.path), cv2.IMREAD_COLOR)
    if image is None:
        raise NoTestPicture(f"the test picture {picture.path} cannot be decoded")
    image[:_STRIP_PX] = 0
    cv2.putText(image, words, (6, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def words_of(report_id: ReportId, at: datetime) -> str:
    """What is written on the picture."""
    return f"STILLWATCH SELF-TEST {at:%Y-%m-%dT%H:%M:%SZ} {report_id}"


def marked(frame: Frame, box: Box, report_id: ReportId, origin: ReportOrigin) -> ReportBundle:
    """The bundle; nothing of the site's masks applies to a picture that is ours."""
    header = frame.header
    decoded = DecodedFrame(frame=frame, width=header.width, height=header.height)
    candidate = AlertCandidate(
        suspicion=_suspicion(frame, box, report_id), best=decoded, best_box=box, context=()
    )
    bundle = pack(candidate, replace(origin, privacy=Privacy()))
    marks = {"test": True, "audit": True, "requests_left": 0}
    return replace(bundle, report=bundle.report.model_copy(update=marks))


def _suspicion(frame: Frame, box: Box, report_id: ReportId) -> Suspicion:
    return Suspicion(
        report_id=report_id,
        camera=frame.camera,
        track=TrackId(0),
        rule=RULE,
        label=LABEL,
        score=1.0,
        top_score=1.0,
        median_score=1.0,
        severity=0,
        box=box,
        zones=(),
        age_s=0.0,
        displacement=0.0,
        stationary=False,
        reasons=("a self-test: nobody is there",),
        raised_at=frame.received_at,
        audit=True,
    )
