"""Evidence counts only if it is the camera's own and is what the edge hashed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cloud.evidence import Flaw, Unusable, fetch, is_own_key
from cloud.settings import Limits
from contract.report import EvidenceRef
from objectstore.open import open_store
from objectstore.store import ObjectStore
from tests.unit.cloud.reports import a_ref, a_report

LIMITS = Limits().of_picture()


def jpeg(width: int = 64, height: int = 48) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def flaw_of(store: ObjectStore, ref: EvidenceRef) -> Unusable:
    found = fetch(store, a_report(evidence=(ref,)), ref, LIMITS)
    assert isinstance(found, Unusable)
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
    assert not isinstance(image, Unusable)
    assert image.shape == (48, 64, 3)


def test_what_is_not_stored_is_missing(store: ObjectStore) -> None:
    found = flaw_of(store, a_ref(jpeg()))
    assert found.flaw is Flaw.MISSING
    assert str(found).startswith("best picture cannot be judged: missing, ")


def test_other_bytes_of_the_same_length_are_noticed(store: ObjectStore) -> None:
    ref, forged = a_ref(jpeg()), bytearray(jpeg())
    forged[-10] ^= 1
    keep(store, ref, bytes(forged))
    assert flaw_of(store, ref).flaw is Flaw.HASH_MISMATCH


def test_a_torn_picture_is_noticed_by_its_size(store: ObjectStore) -> None:
    ref = a_ref(jpeg())
    keep(store, ref, jpeg()[:-1])
    assert flaw_of(store, ref).flaw is Flaw.SIZE_MISMATCH


@pytest.mark.parametrize("content", [b"no picture at all", jpeg()[:200], b"\xff\xd8\xff\xd9"])
def test_faithful_bytes_that_are_no_picture_cannot_be_judged(
    store: ObjectStore, content: bytes
) -> None:
    ref = a_ref(content)
    keep(store, ref, content)
    assert flaw_of(store, ref).flaw is Flaw.NO_PICTURE


def test_a_picture_over_the_limit_is_not_fetched(store: ObjectStore) -> None:
    huge = a_ref(jpeg()).model_copy(update={"bytes": LIMITS.max_bytes + 1})
    assert flaw_of(store, huge).flaw is Flaw.TOO_LARGE


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
    assert flaw_of(store, ref).flaw is Flaw.FOREIGN_KEY
    assert not is_own_key(a_report(), key)
