"""The full model from end to end: real SavedModels, alone and fused, and real refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cloud.model.full_model import FullModel, open_model
from imaging.detections import Image
from imaging.manifest import ModelError, fused_sha256, read_manifest
from tests.integration import tiny_models
from tests.models import shipped, street, write_manifest

CLOUD: dict[str, object] = {
    "role": "cloud",
    "format": "savedmodel",
    "file": "saved_model",
    "family": None,
    "input": {"width": 64, "height": 64},
    "labels": ["person", "car"],
}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models `od`, `centernet` and `both`, the latter fused of it twice."""
    root = tmp_path_factory.mktemp("models")
    tiny_models.write_saved_model(
        root / "od" / "saved_model", tiny_models.object_detection, (1, None, None, 3)
    )
    write_manifest(root / "od", **CLOUD, name="od", decoder="tf_od")
    for name in ("centernet", "again"):
        tiny_models.write_saved_model(
            root / name / "saved_model", tiny_models.dark_or_bright, (None, 64, 64, 3)
        )
        write_manifest(root / name, **CLOUD, name=name, decoder="centernet")
    members = tuple(read_manifest(root / name) for name in ("centernet", "again"))
    fused = {
        "name": "both",
        "format": "fused",
        "decoder": "fused",
        "file": None,
        "input": None,
        "sha256": fused_sha256(members),
        "fusion": {"members": ["centernet", "again"]},
    }
    write_manifest(root / "both", **{**CLOUD, **fused})
    return root


def grey(level: int) -> Image:
    return np.full((128, 128, 3), level, np.uint8)


def test_the_object_detection_signature_works_as_it_is(models: Path) -> None:
    [found] = open_model(str(models / "od")).detect([grey(90)])
    assert found.labels == ("car",)
    assert found.boxes[0] == pytest.approx([32, 32, 64, 96], abs=0.1)
    assert found.scores == pytest.approx([tiny_models.SCORE])


def test_each_of_many_pictures_gets_its_own_answer(models: Path) -> None:
    levels = [255, 100, 0, 200, 150, 255, 80, 90, 120, 10]
    found = open_model(str(models / "centernet")).detect([grey(level) for level in levels])
    expected = [[level / 255] if level / 255 >= 0.25 else [] for level in levels]
    assert [list(one.scores) for one in found] == [pytest.approx(e, abs=0.01) for e in expected]
    assert found[0].boxes[0] == pytest.approx([32, 32, 64, 96], abs=0.1)


def test_no_pictures_give_no_answers(models: Path) -> None:
    assert open_model(str(models / "centernet")).detect([]) == []


def test_networks_that_agree_keep_their_score_when_fused(models: Path) -> None:
    model = open_model(str(models / "both"))
    assert model.name == "both"
    found = model.detect([grey(200), grey(0)])
    assert found[0].scores == pytest.approx([200 / 255], abs=0.01)
    assert len(found[1]) == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"decoder": "tf_od"}, "lack .*detection_boxes"),
        ({"decoder": "nanodet"}, "no nanodet heads"),
        ({"labels": ["person"]}, "no centernet pair for 1 labels"),
        ({"input": {"width": 96, "height": 64}}, "correct input.width"),
        ({"input": {"width": 64, "height": 64, "dtype": "float32"}}, "correct input.dtype"),
        ({"sha256": "0" * 64}, "damaged or another one"),
        ({"file": "elsewhere"}, "elsewhere is missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_model_that_does_not_fit_its_manifest_is_refused(
    models: Path, tmp_path: Path, fields: dict[str, object], reason: str
) -> None:
    (tmp_path / "saved_model").symlink_to(models / "centernet" / "saved_model")
    write_manifest(tmp_path, **{**CLOUD, "decoder": "centernet", **fields})
    with pytest.raises(ModelError, match=reason):
        open_model(str(tmp_path))


def test_a_folder_that_is_no_saved_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "saved_model" / "saved_model.pb").write_bytes(b"no graph")
    write_manifest(tmp_path, **CLOUD, decoder="centernet")
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_model(str(tmp_path))


def test_a_model_for_the_edge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is for the edge"):
        open_model(str(write_manifest(tmp_path)))


@pytest.fixture(scope="session")
def confirming() -> FullModel:
    return open_model(str(shipped("confirm-fused")))


def test_the_shipped_model_confirms_the_walkers_of_a_real_frame(confirming: FullModel) -> None:
    [found] = confirming.detect([street()])
    sure = [label for label, score in zip(found.labels, found.scores, strict=True) if score >= 0.35]
    assert sure.count("person") >= 4
    assert "cat" not in sure


def test_the_shipped_model_confirms_nothing_in_an_empty_picture(confirming: FullModel) -> None:
    [found] = confirming.detect([grey(114)])
    assert not (found.scores >= 0.35).any()
