"""An ordered model from a real S3 server, over a network that cuts connections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest

from cloud.enrol.store_signer import StoreSigner
from contract.keys import model_key
from contract.store_access import SIGNED_HEADERS, Method
from contract.update import ModelFile, ModelOrder
from edge.update.model_fetch import INCOMING, fetch
from imaging.manifest import ModelError
from objectstore.open import open_store, read_s3
from objectstore.s3_client import S3Settings
from objectstore.signed_elsewhere import SignedStore
from objectstore.store import ResumableStore, TransientStoreError
from tests.faults.proxy import FINE, Proxy, Tap, Trouble, Way, proxy
from tests.servers import S3
from tests.unit.edge.update.test_model_fetch import Killed, Killing
from tests.unit.edge.update.test_model_preparation import MODEL, ordered

CUT = Trouble(cut_answer_after_bytes=1_500_000)
"""Of 3.9 MB."""
BODY = (MODEL / "model.tflite").read_bytes()


@dataclass
class Road:
    """Between the gateway and the store."""

    server: S3
    between: Proxy
    store: ResumableStore
    down_bytes: int = 0
    asked: list[str] = field(default_factory=list)
    """The heads of requests."""

    def tap(self, _connection: int, way: Way, chunk: bytes) -> None:
        if way == "down":
            self.down_bytes += len(chunk)
        elif chunk:
            self.asked.append(chunk.decode("latin-1").lower())

    def file(self) -> ModelFile:
        """The weights, ordered and in the store."""
        order = ModelOrder.model_validate_json(ordered(open_store(self.server.spec())).content)
        return next(file for file in order.files if file.name == "model.tflite")


@pytest.fixture(params=["s3", "signed"])
def road(request: pytest.FixtureRequest, seaweedfs: S3) -> Iterator[Road]:
    target = urlsplit(seaweedfs.endpoint_url)
    assert target.hostname is not None
    assert target.port is not None
    taps: list[Tap] = []

    def tap(connection: int, way: Way, chunk: bytes) -> None:
        for one in taps:
            one(connection, way, chunk)

    with proxy((target.hostname, target.port), tap=tap) as between:
        url = f"http://{between.host}:{between.port}"
        spec = seaweedfs.spec(60).replace(seaweedfs.endpoint_url, url)
        store = open_store(spec) if request.param == "s3" else signed(spec)
        made = Road(seaweedfs, between, store)
        taps.append(made.tap)
        yield made
        open_store(seaweedfs.spec()).replace(model_key(made.file().sha256), BODY, "")


def signed(spec: str) -> ResumableStore:
    """As a gateway without credentials has it."""
    signer = StoreSigner(read_s3(spec.partition(":")[2]))
    return SignedStore(
        S3Settings(bucket="evidence", timeout_s=60),
        lambda method, key, headers: signer.address(cast("Method", method), key, headers),
        SIGNED_HEADERS,
    )


def came(folder: Path, file: ModelFile) -> int:
    """How many bytes are kept; a reset loses what its reader had not taken yet."""
    path = folder / INCOMING / file.sha256
    return path.stat().st_size if path.exists() else 0


def test_after_each_cut_the_rest_alone_is_asked_for(road: Road, tmp_path: Path) -> None:
    file, road.between.trouble = road.file(), CUT
    kept = [0]
    while not (tmp_path / file.name).exists():
        try:
            fetch(road.store, file, tmp_path, Killing())
        except Killed:
            kept.append(came(tmp_path, file))
            assert kept[-1] > kept[-2]
    assert len(kept) >= 3
    assert (tmp_path / file.name).read_bytes() == BODY
    asked = [re.findall(r"range: bytes=(\d+)-", head) for head in road.asked]
    assert [int(begin) for (begin,) in asked[1:]] == kept[1:]
    assert asked[0] == []
    assert all("if-match" in head for head in road.asked[1:])


def test_an_object_that_changed_after_the_cut_is_not_mixed(road: Road, tmp_path: Path) -> None:
    file = road.file()
    key, real = model_key(file.sha256), open_store(road.server.spec())
    real.replace(key, bytes(len(BODY)), "")
    road.between.trouble = CUT
    with pytest.raises(Killed):
        fetch(road.store, file, tmp_path, Killing())
    assert came(tmp_path, file) > 0
    real.replace(key, BODY, "")
    road.between.trouble = FINE
    fetch(road.store, file, tmp_path, Killing())
    assert (tmp_path / file.name).read_bytes() == BODY


def test_one_that_was_changed_for_good_is_refused(road: Road, tmp_path: Path) -> None:
    file = road.file()
    road.between.trouble = CUT
    with pytest.raises(Killed):
        fetch(road.store, file, tmp_path, Killing())
    road.between.trouble = FINE
    open_store(road.server.spec()).replace(model_key(file.sha256), bytes(len(BODY)), "")
    with pytest.raises(ModelError, match="not the file that was signed"):
        fetch(road.store, file, tmp_path, Killing())
    assert not (tmp_path / file.name).exists()


def test_a_cut_within_the_head_of_an_answer_is_a_cut(road: Road, tmp_path: Path) -> None:
    file, road.between.trouble = road.file(), Trouble(cut_answer_after_bytes=20)
    with pytest.raises(Killed):
        fetch(road.store, file, tmp_path, Killing())
    with pytest.raises(TransientStoreError), road.store.read_from(model_key(file.sha256), 0, ""):
        pass
