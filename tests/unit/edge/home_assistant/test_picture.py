"""The picture of the last evidence: its box is where the object is, and it is small."""

from __future__ import annotations

from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from contract.report import EvidenceRef, RelativeBox, ThreatReport
from edge.deliver.evidence import EvidencePicture, ReportBundle
from edge.home_assistant.picture import evidence_picture
from imaging.detections import Image
from tests.contract.samples import REPORT

AT = datetime(2026, 3, 1, tzinfo=UTC)


def bundle(*shown: tuple[str, RelativeBox | None, RelativeBox | None], wide: int) -> ReportBundle:
    """Grey pictures of these roles, boxes and regions."""
    grey = np.full((wide // 2, wide, 3), 128, np.uint8)
    jpeg = cv2.imencode(".jpg", grey)[1].tobytes()
    refs = tuple(
        EvidenceRef.model_validate(
            {
                "role": role,
                "key": f"evidence/gw/cam/2026/03/01/{n:064x}.jpg",
                "sha256": f"{n:064x}",
                "bytes": len(jpeg),
                "width": wide,
                "height": wide // 2,
                "received_at": AT,
                "box": box,
                "region": region,
            }
        )
        for n, (role, box, region) in enumerate(shown)
    )
    pictures = tuple(EvidencePicture(key=r.key, sha256=r.sha256, jpeg=jpeg) for r in refs)
    report: ThreatReport = REPORT.model_copy(update={"evidence": refs})
    return ReportBundle(report=report, pictures=pictures)


def opened(jpeg: bytes | None) -> Image:
    assert jpeg is not None
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(image, np.uint8)


def red(image: Image) -> tuple[float, float, float, float]:
    """Where red is, in shares of the picture."""
    rows, columns = np.nonzero((image[..., 2] > 180) & (image[..., 0] < 80))
    height, width = image.shape[:2]
    return (
        columns.min() / width,
        rows.min() / height,
        columns.max() / width,
        rows.max() / height,
    )


def test_the_box_is_drawn_on_the_scene_which_is_reduced() -> None:
    box = (0.25, 0.5, 0.5, 0.75)
    shown = bundle(("best", box, None), ("crop", (0.0, 0.0, 1.0, 1.0), None), wide=1600)
    image = opened(evidence_picture(shown, 400))
    assert image.shape == (200, 400, 3)
    assert red(image) == pytest.approx(box, abs=0.02)


def test_without_scenes_the_crop_is_shown_with_the_box_within_it() -> None:
    shown = bundle(("crop", (0.5, 0.5, 0.6, 0.6), (0.4, 0.4, 0.8, 0.8)), wide=400)
    assert red(opened(evidence_picture(shown, 640))) == pytest.approx(
        (0.25, 0.25, 0.5, 0.5), abs=0.02
    )


def test_a_scene_of_another_moment_shows_no_box_so_it_is_not_shown() -> None:
    shown = bundle(("context", None, None), ("crop", (0.0, 0.0, 1.0, 1.0), None), wide=400)
    assert evidence_picture(shown, 640) is None
