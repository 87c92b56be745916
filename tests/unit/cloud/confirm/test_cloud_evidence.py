"""Evidence counts only if it is the camera's own and is what the edge hashed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cloud.confirm.evidence import PictureFault, UnusablePicture, fetch, is_own_key
from cloud.settings import EvidenceLimits
from contract.report import EvidenceRef
from objectstore.open import open_store
from objectstore.store import ObjectStore
from tests.unit.cloud.reports import a_ref, a_report

LIMITS = EvidenceLimits().of_picture()


def jpeg(width: int = 64, height: int = 48) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def fault_of(store: ObjectStore, ref: EvidenceRef) -> UnusablePicture:
    found = fetch(store, a_report(evidence=(ref,)), ref, LIMITS)
    assert isinstance(found, UnusablePicture)
    return found


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store(f"dir:{tmp_path}")


def keep(store: ObjectStore, ref: EvidenceRef, picture: bytes) -> None:
    store.put_if_absent(ref.key, picture, "image/jpeg")


def test_a_stored_picture_comes_back_as_pixels(store: ObjectStore) -> None:
    ref = a_ref(jpeg())
    keep(store, ref, jpeg())
    image = fetch(store, a_report(evidence=(ref,)), ref, LIMITS)
    assert not isinstance(image, UnusablePicture)
    assert image.shape == (48, 64, 3)


def test_what_is_not_stored_is_missing(store: ObjectStore) -> None:
    found = fault_of(store, a_ref(jpeg()))
    assert found.fault is PictureFault.MISSING
    assert str(found).startswith("best picture cannot be used: missing, ")


def test_other_bytes_of_the_same_length_are_noticed(store: ObjectStore) -> None:
    ref, forged = a_ref(jpeg()), bytearray(jpeg())
    forged[-10] ^= 1
    keep(store, ref, bytes(forged))
    assert fault_of(store, ref).fault is PictureFault.HASH_MISMATCH


def test_a_torn_picture_is_noticed_by_its_size(store: ObjectStore) -> None:
    ref = a_ref(jpeg())
    keep(store, ref, jpeg()[:-1])
    assert fault_of(store, ref).fault is PictureFault.SIZE_MISMATCH


@pytest.mark.parametrize("content", [b"no picture at all", jpeg()[:200], b"\xff\xd8\xff\xd9"])
def test_faithful_bytes_that_are_no_picture_cannot_be_used(
    store: ObjectStore, content: bytes
) -> None:
    ref = a_ref(content)
    keep(store, ref, content)
    assert fault_of(store, ref).fault is PictureFault.NO_PICTURE


def test_a_picture_over_the_limit_is_not_fetched(store: ObjectStore) -> None:
    huge = a_ref(jpeg()).model_copy(update={"bytes": LIMITS.max_bytes + 1})
    assert fault_of(store, huge).fault is PictureFault.TOO_LARGE


@pytest.mark.parametrize(
    "key",
    [
        "evidence/yard/back/2024/05/01/" + "a" * 64 + ".jpg",
        "evidence/other/gate/2024/05/01/" + "a" * 64 + ".jpg",
        "evidence/yard/gate/../../2024/05/01/" + "a" * 64 + ".jpg",
        "verdicts/yard/yard.gate.1.1.0.json",
        "/etc/passwd",
    ],
)
def test_only_the_cameras_own_evidence_is_fetched(store: ObjectStore, key: str) -> None:
    ref = a_ref(jpeg()).model_copy(update={"key": key})
    assert fault_of(store, ref).fault is PictureFault.FOREIGN_KEY
    assert not is_own_key(a_report(), key)
