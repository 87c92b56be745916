"""What operators marked is a COCO data set by the rules of its readers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.__main__ import main
from cloud.index.alarm_index import AlarmIndex
from cloud.index.coco import data_set, pictures_of
from cloud.index.database import open_index
from contract.ids import CameraId, GatewayId
from contract.keys import evidence_key
from contract.operator_action import OutcomeCode
from contract.report import EvidenceRef, RelativeBox, ThreatReport
from objectstore.store_dir import DirectoryStore
from tests.alarms import action_on, decided, received, report_of
from tests.contract.samples import AT
from tests.fakes import ManualClock

shares = st.floats(0, 1)
boxes = st.tuples(shares, shares, shares, shares).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)


def check_coco(found: dict[str, Any]) -> None:
    """What pycocotools and its kin take for granted when they index and evaluate a data set."""
    images = {one["id"]: one for one in found["images"]}
    categories = {one["id"] for one in found["categories"]}
    annotations = found["annotations"]
    assert len(images) == len(found["images"])
    assert len({one["file_name"] for one in images.values()}) == len(images)
    assert len(categories) == len({one["name"] for one in found["categories"]})
    assert len({one["id"] for one in annotations}) == len(annotations)
    assert all(isinstance(one, int) and one > 0 for one in (*images, *categories))
    for one in annotations:
        image = images[one["image_id"]]
        x, y, width, height = one["bbox"]
        assert one["category_id"] in categories
        assert min(x, y) >= 0
        assert min(width, height) > 0
        assert x + width <= image["width"] + 0.01
        assert y + height <= image["height"] + 0.01
        assert one["area"] == pytest.approx(width * height, abs=0.01)
        assert one["iscrowd"] == 0


def with_place(region: RelativeBox | None, box: RelativeBox | None) -> ThreatReport:
    report = report_of(1, pictures=2)
    crop = report.evidence[1].model_copy(update={"region": region, "box": box})
    return report.model_copy(update={"evidence": (report.evidence[0], crop)})


@given(boxes, boxes)
def test_any_box_in_any_region_stays_inside_its_picture(
    region: RelativeBox, box: RelativeBox
) -> None:
    pictures = pictures_of(with_place(region, box), "person", "real")
    check_coco(data_set(pictures, AT))


def test_a_box_in_a_crop_is_in_pixels_of_the_crop() -> None:
    report = with_place((0.5, 0.5, 1.0, 1.0), (0.625, 0.5, 0.875, 1.0))
    _, crop = pictures_of(report, "person", "real")
    assert crop.box == (320.0, 0.0, 640.0, 720.0)


def test_what_was_false_has_pictures_and_no_boxes_and_what_says_no_place_is_left_out() -> None:
    report = with_place(None, None)
    assert [one.box for one in pictures_of(report, "person", "false")] == [None, None]
    assert len(list(pictures_of(report, "person", "real"))) == 1


def test_a_picture_of_two_alarms_stands_there_once_with_both_boxes() -> None:
    first = report_of(1)
    second = first.model_copy(update={"box": (0.5, 0.5, 0.9, 0.9)})
    pictures = [*pictures_of(first, "person", "real"), *pictures_of(second, "car", "real")]
    found = data_set(pictures, AT)
    check_coco(found)
    assert [len(found[name]) for name in ("images", "annotations", "categories")] == [1, 2, 2]  # type: ignore[arg-type]


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """A folder with a store, an index of four marked alarms, and settings."""
    store = DirectoryStore(tmp_path / "store")
    engine = open_index(f"sqlite:///{tmp_path}/index.sqlite")
    index = AlarmIndex(engine, ManualClock())
    outcomes: tuple[OutcomeCode, ...] = ("real", "false", "expected", "unclear")
    for number, outcome in enumerate(outcomes):
        report = with_picture(report_of(number, label="person" if number else "car"), store)
        closed = action_on(report, 1, "outcome", outcome=outcome)
        index.add(report.report_id, [received(report), decided(report), closed])
    engine.dispose()
    text = json.dumps({"index": {"url": f"sqlite:///{tmp_path}/index.sqlite"}})
    (tmp_path / "settings.yaml").write_text(text)
    return tmp_path


def with_picture(report: ThreatReport, store: DirectoryStore) -> ThreatReport:
    grey = np.full((72, 128, 3), int(report.raised_at.timestamp()) % 200, np.uint8)
    body = cv2.imencode(".jpg", grey)[1].tobytes()
    digest = hashlib.sha256(body).hexdigest()
    key = evidence_key(GatewayId("north"), CameraId("gate"), AT, digest)
    store.put_if_absent(key, body, "image/jpeg")
    ref: EvidenceRef = report.evidence[0].model_copy(
        update={"key": key, "sha256": digest, "bytes": len(body), "width": 128, "height": 72}
    )
    return report.model_copy(update={"evidence": (ref,)})


def export(folder: Path, *more: str) -> dict[str, Any]:
    words = ["export-labels", "--settings", str(folder / "settings.yaml")]
    assert main([*words, "--coco", str(folder / "coco.json"), *more]) == 0
    found: dict[str, Any] = json.loads((folder / "coco.json").read_text())
    check_coco(found)
    return found


def test_the_command_writes_the_data_set_and_its_pictures(
    marked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = ("--images", str(marked / "images"), "--store", f"dir:{marked}/store")
    found = export(marked, *images)
    assert json.loads(capsys.readouterr().out) == {"alarms": 3, "pictures": 3}
    assert [one["name"] for one in found["categories"]] == ["car", "person"]
    assert len(found["annotations"]) == 2
    for one in found["images"]:
        picture = cv2.imread(str(marked / "images" / one["file_name"]))
        assert picture is not None
        assert picture.shape[:2] == (one["height"], one["width"])
    assert export(marked)["annotations"] == found["annotations"]


def test_a_picture_that_is_gone_or_altered_is_left_out_and_counted(
    marked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, *_ = sorted((marked / "store").rglob("*.jpg"))
    first.unlink()
    second.write_bytes(b"altered")
    images = ("--images", str(marked / "images"), "--store", f"dir:{marked}/store")
    found = export(marked, *images)
    assert json.loads(capsys.readouterr().out)["pictures_gone"] >= 1
    assert len(found["images"]) == len(list((marked / "images").iterdir()))


def test_a_gateway_that_has_none_gives_an_empty_data_set(marked: Path) -> None:
    assert export(marked, "--gateway", "south")["images"] == []
