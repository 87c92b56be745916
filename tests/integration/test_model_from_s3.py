"""An ordered model comes from a real S3 server."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.update import ModelOrder
from edge.update.model_preparation import ModelPlace, ModelPreparation
from edge.update.patches import model_folder
from imaging.manifest import ModelError
from objectstore.open import open_store
from service.clock import SystemClock
from tests.servers import S3
from tests.unit.edge.update.test_model_preparation import ordered, prepared


def test_a_model_is_fetched_from_a_bucket_and_tried(seaweedfs: S3, tmp_path: Path) -> None:
    store = open_store(seaweedfs.spec())
    model = ordered(store)
    preparation = ModelPreparation(
        ModelPlace(tmp_path, lambda: store, most_times_slower=1000.0), SystemClock()
    )
    prepared(preparation, model)
    preparation.check(model)
    assert (model_folder(tmp_path, model) / "model.tflite").is_file()


def test_a_file_that_the_bucket_does_not_have_ends_it(seaweedfs: S3, tmp_path: Path) -> None:
    store = open_store(seaweedfs.spec())
    model = ordered(store)
    order = ModelOrder.model_validate_json(model.content)
    files = tuple(one.model_copy(update={"sha256": "0" * 64}) for one in order.files)
    content = order.model_copy(update={"files": files}).model_dump_json()
    lost = model.model_copy(update={"content": content})
    preparation = ModelPreparation(
        ModelPlace(tmp_path, lambda: store, most_times_slower=1000.0), SystemClock()
    )
    prepared(preparation, lost)
    with pytest.raises(ModelError, match="no object models/0"):
        preparation.check(lost)
