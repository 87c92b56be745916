"""A model on its way to the gateway: fetched, kept, tried."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typing_extensions import override

from contract.keys import model_key
from contract.update import ModelFile
from edge.config.schema import DetectConfig
from edge.update.model_preparation import ModelPlace, ModelPreparation, check_pace
from edge.update.patches import model_folder
from edge.update.store import KeptUpdate
from imaging.manifest import CHECKOUT_MODELS, ModelError
from objectstore.store import ObjectPart, ObjectStore, ResumableStore, TransientStoreError
from objectstore.store_dir import DirectoryStore
from tests.contract.orders import MODEL_ORDER
from tests.fakes import ManualClock

MODEL = CHECKOUT_MODELS / "nanodet-g-320-int8"
NAMES = ("model.tflite", "README.md")


class Breaking(DirectoryStore):
    """Its second answer breaks off."""

    gets = 0

    @override
    @contextmanager
    def read_from(self, key: str, begin: int, etag: str) -> Iterator[ObjectPart]:
        self.gets += 1
        if self.gets == 2:
            raise TransientStoreError("broke off")
        with super().read_from(key, begin, etag) as part:
            yield part


def ordered(store: ObjectStore, *, spoilt: bool = False) -> KeptUpdate:
    bodies = {name: (MODEL / name).read_bytes() for name in NAMES}
    files = tuple(
        ModelFile(name=name, sha256=hashlib.sha256(body).hexdigest(), bytes=len(body))
        for name, body in bodies.items()
    )
    for one in files:
        store.put_if_absent(model_key(one.sha256), bodies[one.name], "")
    manifest = json.loads((MODEL / "manifest.json").read_text())
    if spoilt:
        manifest["labels"] = manifest["labels"][::-1]
    order = MODEL_ORDER.model_copy(update={"manifest": json.dumps(manifest), "files": files})
    return KeptUpdate(version=1, digest="a" * 64, content=order.model_dump_json())


def place(folder: Path, store: ResumableStore) -> ModelPlace:
    """Any pace will do: on a busy machine one model may take several times as long as itself."""
    return ModelPlace(folder, lambda: store, most_times_slower=1000.0)


def prepared(preparation: ModelPreparation, model: KeptUpdate) -> None:
    while not preparation.ready(model, DetectConfig(model=str(MODEL))):
        thread = preparation.thread
        assert thread is not None
        thread.join(60)


def test_a_store_that_breaks_off_is_asked_again_for_what_is_missing(tmp_path: Path) -> None:
    store, clock = Breaking(tmp_path / "store"), ManualClock()
    model = ordered(store)
    preparation = ModelPreparation(place(tmp_path, store), clock)
    prepared(preparation, model)
    preparation.check(model)
    assert store.gets == 3
    assert clock.waits == [10.0]
    folder = model_folder(tmp_path, model)
    assert sorted(one.name for one in folder.iterdir()) == ["README.md", "manifest.json", NAMES[0]]
    again = ModelPreparation(place(tmp_path, store), clock)
    prepared(again, model)
    again.check(model)
    assert store.gets == 3


def test_after_a_kill_what_had_come_is_not_fetched_again(tmp_path: Path) -> None:
    store = Breaking(tmp_path / "store")
    model = ordered(store)
    partial = model_folder(tmp_path, model).with_suffix(".part")
    partial.mkdir(parents=True)
    (partial / NAMES[0]).write_bytes((MODEL / NAMES[0]).read_bytes())
    (partial / NAMES[1]).write_bytes(b"torn")
    preparation = ModelPreparation(place(tmp_path, store), ManualClock())
    prepared(preparation, model)
    preparation.check(model)
    assert store.gets == 1


def test_of_a_model_that_is_refused_nothing_stays(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    broken = ordered(store, spoilt=True)
    preparation = ModelPreparation(place(tmp_path, store), ManualClock())
    prepared(preparation, broken)
    with pytest.raises(ModelError, match="self-test"):
        preparation.check(broken)
    assert not model_folder(tmp_path, broken).exists()


def test_a_model_three_times_as_slow_is_not_let_in() -> None:
    check_pace({"new_s": 0.24, "old_s": 0.1})
    check_pace({"new_s": 9.0})
    with pytest.raises(ModelError, match=r"300 ms for a picture, 3.0 times as long"):
        check_pace({"new_s": 0.3, "old_s": 0.1})
