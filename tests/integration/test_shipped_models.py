"""What ships is what its manifests say, and finds what the float networks find."""

from pathlib import Path

import numpy as np
import pytest

from imaging.manifest import ModelError, read_manifest, verify
from tools.build.models.__main__ import LIMIT_BYTES, SHIPPED_MODELS
from tools.build.models.check import GROUPS, check_model
from tools.build.models.reference import LEAST_SCORE, PICTURES, read_reference
from tools.build.models.shipped import LABELS, SHIPPED, Shipped

models = pytest.mark.parametrize("model", SHIPPED, ids=[model.name for model in SHIPPED])


@models
def test_hash_and_size_are_those_of_the_manifest(model: Shipped) -> None:
    folder = SHIPPED_MODELS / model.name
    verify(folder, read_manifest(folder))


@models
def test_manifest_and_card_say_what_the_model_is(model: Shipped) -> None:
    folder = SHIPPED_MODELS / model.name
    manifest, card = read_manifest(folder), (folder / "README.md").read_text()
    assert (manifest.name, manifest.labels) == (model.name, LABELS)
    assert manifest.licence == model.licence
    assert manifest.self_test is not None
    assert "person" in manifest.self_test.labels
    assert manifest.sha256 in card
    assert model.licence.attribution in card


@models
def test_the_boxes_agree_with_those_of_the_float_network(model: Shipped) -> None:
    for agreement in check_model(model, SHIPPED_MODELS):
        assert not agreement.fault


@models
def test_the_reference_is_large_enough_to_tell(model: Shipped) -> None:
    expected = read_reference(SHIPPED_MODELS).expected(model.name)
    pictures = {path.name for path in (SHIPPED_MODELS / PICTURES).glob("*.jpg")}
    assert set(expected) == pictures
    for least, group in ((40, "person"), (15, "vehicle")):
        labels = [label for true in expected.values() for label in true.labels]
        assert sum(label in GROUPS[group] for label in labels) >= least
    assert all(float(np.min(true.scores)) >= LEAST_SCORE for true in expected.values())


def test_all_of_it_stays_small() -> None:
    size = sum(file.stat().st_size for file in SHIPPED_MODELS.rglob("*") if file.is_file())
    assert size < LIMIT_BYTES


def test_one_changed_byte_is_noticed(tmp_path: Path) -> None:
    manifest = read_manifest(SHIPPED_MODELS / "nanodet-g-320-int8")
    weights = bytearray((SHIPPED_MODELS / manifest.name / str(manifest.file)).read_bytes())
    weights[len(weights) // 2] ^= 1
    (tmp_path / str(manifest.file)).write_bytes(weights)
    with pytest.raises(ModelError, match="damaged or another one"):
        verify(tmp_path, manifest)
