"""What every object store promises, proven over a directory and a real S3 server."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.enrol.store_signer import StoreSigner
from contract.store_access import SIGNED_HEADERS, Method
from objectstore.open import open_store, read_s3
from objectstore.signed_elsewhere import SignedStore
from objectstore.store import (
    NotFound,
    ObjectStore,
    PermanentStoreError,
    ResumableStore,
    TransientStoreError,
    check_key,
)
from tests import servers
from tests.processes import HOST, free_port

JPEG = "image/jpeg"
PATIENCE_S = 60.0
"""A busy machine serves sixteen writers late; they would be told that the store failed."""


@pytest.fixture(params=["dir", "s3", "signed"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ResumableStore:
    if request.param == "dir":
        return open_store(f"dir:{tmp_path / 'store'}")
    server: servers.S3 = request.getfixturevalue("seaweedfs")
    spec = server.spec(timeout_s=PATIENCE_S)
    if request.param == "s3":
        return open_store(spec)
    settings = read_s3(spec.partition(":")[2])
    signer = StoreSigner(settings)
    return SignedStore(
        settings,
        lambda method, key, headers: signer.address(cast("Method", method), key, headers),
        SIGNED_HEADERS,
    )


def fresh_key() -> str:
    return f"evidence/gw/cam/2024/05/01/{secrets.token_hex(32)}.jpg"


def test_what_was_put_is_got_back(store: ObjectStore) -> None:
    key, body = fresh_key(), secrets.token_bytes(100_000)
    assert store.put_if_absent(key, body, JPEG) == "created"
    assert store.get(key, max_bytes=100_000) == body


def test_the_first_body_stays_when_a_second_is_put(store: ObjectStore) -> None:
    key = fresh_key()
    assert store.put_if_absent(key, b"first", JPEG) == "created"
    assert store.put_if_absent(key, b"second", JPEG) == "exists"
    assert store.get(key, max_bytes=10) == b"first"


def test_what_is_replaced_is_there_whole_whatever_lay_there(store: ObjectStore) -> None:
    key, other = fresh_key(), fresh_key()
    store.put_if_absent(key, b"damaged, and longer than it was", JPEG)
    for replaced in (key, other):
        store.replace(replaced, b"as it was", JPEG)
        assert store.get(replaced, max_bytes=9) == b"as it was"
        assert store.put_if_absent(replaced, b"later", JPEG) == "exists"
    assert store.get(key, max_bytes=9) == b"as it was"


def test_whoever_reads_while_it_is_replaced_gets_the_one_or_the_other(store: ObjectStore) -> None:
    key, bodies, over = fresh_key(), (b"a" * 50_000, b"b" * 60_000), threading.Event()
    store.put_if_absent(key, bodies[0], JPEG)

    def read() -> set[bytes]:
        found = set()
        while not over.is_set():
            found.add(store.get(key, max_bytes=60_000))
        return found

    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(read) for _ in range(2)]
        for turn in range(20):
            store.replace(key, bodies[turn % 2], JPEG)
        over.set()
        for job in reading:
            assert job.result(60.0) <= set(bodies)


def test_of_sixteen_writers_racing_exactly_one_creates(store: ObjectStore) -> None:
    key, start = fresh_key(), threading.Barrier(16)

    def put(writer: int) -> str:
        start.wait(PATIENCE_S)
        return store.put_if_absent(key, b"%02d" % writer, JPEG)

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(put, range(16)))
    assert sorted(outcomes) == ["created"] + ["exists"] * 15
    assert store.get(key, max_bytes=2) == b"%02d" % outcomes.index("created")


def test_an_object_that_was_never_put_is_not_found(store: ObjectStore) -> None:
    with pytest.raises(NotFound, match="no object verdicts/gw/none"):
        store.get("verdicts/gw/none.json", max_bytes=10)


def test_an_object_over_the_bound_is_refused(store: ObjectStore) -> None:
    key = fresh_key()
    store.put_if_absent(key, b"x" * 1001, JPEG)
    with pytest.raises(PermanentStoreError, match="more than 1000 bytes") as refusal:
        store.get(key, max_bytes=1000)
    assert not isinstance(refusal.value, NotFound)
    assert len(store.get(key, max_bytes=1001)) == 1001


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    key = fresh_key()
    assert store.put_if_absent(key, b"", JPEG) == "created"
    assert store.put_if_absent(key, b"more", JPEG) == "exists"
    assert store.get(key, max_bytes=10) == b""


BAD_KEYS = [
    "",
    "/etc/passwd",
    "a/../b",
    "..",
    "a//b",
    "a/",
    ".tmp/x",
    "a/.b",
    "a\\b",
    "a\0b",
    "a b",
]


@pytest.mark.parametrize("key", [*BAD_KEYS, "a/" * 300 + "a", "é"])
def test_a_key_that_means_something_else_as_a_path_is_refused(store: ObjectStore, key: str) -> None:
    for call in (lambda: store.put_if_absent(key, b"", JPEG), lambda: store.get(key, max_bytes=1)):
        with pytest.raises(PermanentStoreError, match="is not one that the store accepts"):
            call()


@given(st.text())
def test_no_accepted_key_leaves_the_folder_of_the_store(key: str) -> None:
    try:
        check_key(key)
    except PermanentStoreError:
        return
    root = Path("/store")
    assert (root / key).is_relative_to(root)
    assert ".." not in (root / key).parts


def test_a_wrong_secret_is_permanent_and_carries_the_servers_words(
    seaweedfs: servers.S3, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.ini"
    wrong = f"[default]\naws_access_key_id={seaweedfs.access_key}\naws_secret_access_key=no\n"
    file.write_text(wrong)
    spec = seaweedfs.spec().replace(str(seaweedfs.credentials_file), str(file))
    for call in _calls(open_store(spec)):
        with pytest.raises(PermanentStoreError, match=r"403 SignatureDoesNotMatch: .*signature"):
            call()


def test_a_bucket_that_is_not_there_is_no_missing_object(seaweedfs: servers.S3) -> None:
    store = open_store(seaweedfs.spec().replace(f"s3:{seaweedfs.bucket}", "s3:nowhere"))
    with pytest.raises(PermanentStoreError, match="NoSuchBucket") as refusal:
        store.get(fresh_key(), max_bytes=1)
    assert not isinstance(refusal.value, NotFound)


def test_an_endpoint_that_nobody_answers_is_transient(tmp_path: Path) -> None:
    file = tmp_path / "credentials.ini"
    file.write_text("[default]\naws_access_key_id=a\naws_secret_access_key=b\n")
    endpoint = f"http://{HOST}:{free_port()}"
    spec = f"s3:evidence?endpoint_url={endpoint}&credentials_file={file}&timeout_s=2"
    for call in _calls(open_store(spec)):
        with pytest.raises(TransientStoreError, match=endpoint):
            call()


def _calls(store: ObjectStore) -> list[Callable[[], object]]:
    key = fresh_key()
    return [
        lambda: store.put_if_absent(key, b"x", JPEG),
        lambda: store.get(key, max_bytes=1),
        lambda: store.replace(key, b"x", JPEG),
    ]


def part(store: ResumableStore, key: str, begin: int, etag: str) -> tuple[int, int | None, bytes]:
    """Where it begins, how large the object is, and what comes."""
    with store.read_from(key, begin, etag) as found:
        return found.begin, found.size, b"".join(found.chunks)


def etag_of(store: ResumableStore, key: str) -> str:
    with store.read_from(key, 0, "") as found:
        return found.etag


def test_reading_goes_on_in_the_very_object_that_was_begun(store: ResumableStore) -> None:
    key, body = fresh_key(), secrets.token_bytes(300_000)
    store.put_if_absent(key, body, JPEG)
    etag = etag_of(store, key)
    assert etag
    assert part(store, key, 0, "") == (0, 300_000, body)
    assert part(store, key, 200_000, etag) == (200_000, 300_000, body[200_000:])
    assert part(store, key, 299_999, etag) == (299_999, 300_000, body[-1:])


def test_of_another_object_reading_begins_anew(store: ResumableStore) -> None:
    key, body, other = fresh_key(), secrets.token_bytes(50_000), secrets.token_bytes(50_000)
    store.put_if_absent(key, body, JPEG)
    etag = etag_of(store, key)
    store.replace(key, other, JPEG)
    assert part(store, key, 20_000, etag) == (0, 50_000, other)
    assert part(store, key, 20_000, "") == (0, 50_000, other)
    store.replace(key, b"shorter", JPEG)
    assert part(store, key, 20_000, etag) == (0, 7, b"shorter")
    assert part(store, key, 20_000, etag_of(store, key)) == (0, 7, b"shorter")


def test_what_is_not_there_is_not_begun(store: ResumableStore) -> None:
    with pytest.raises(NotFound):
        part(store, fresh_key(), 0, "")
    with pytest.raises(NotFound):
        part(store, fresh_key(), 7, '"x"')
    with pytest.raises(PermanentStoreError, match="not one that the store accepts"):
        part(store, "../../etc/passwd", 0, "")
