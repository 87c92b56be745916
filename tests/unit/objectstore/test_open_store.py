"""A store's description is understood or refused with the reason."""

from __future__ import annotations

import os
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlencode

import pytest

from objectstore.inventory import open_inventory
from objectstore.open import open_store, read_s3
from objectstore.s3_client import S3Settings, client_of
from objectstore.store import PermanentStoreError, TransientStoreError
from objectstore.store_dir import DirectoryStore


def test_an_s3_store_is_described_in_one_line() -> None:
    text = "pics?endpoint_url=http://10.0.0.1:8333&region=eu-1&credentials_file=/k.ini&timeout_s=3"
    assert read_s3(text) == S3Settings(
        bucket="pics",
        endpoint_url="http://10.0.0.1:8333",
        region="eu-1",
        credentials_file=Path("/k.ini"),
        timeout_s=3.0,
    )
    assert read_s3("pics") == S3Settings(bucket="pics")


@pytest.mark.parametrize(
    ("style", "endpoint", "expected"),
    [
        ("", "http://store.lan:9000", "http://store.lan:9000/pics/key"),
        ("path", "http://store.lan:9000", "http://store.lan:9000/pics/key"),
        ("virtual", "http://store.lan:9000", "http://pics.store.lan:9000/key"),
        ("", None, "https://pics.s3.amazonaws.com/key"),
    ],
)
def test_a_bucket_is_addressed_in_the_path_or_in_the_hosts_name(
    tmp_path: Path, style: str, endpoint: str | None, expected: str
) -> None:
    keys = tmp_path / "keys.ini"
    keys.write_text("[any]\naws_access_key_id=a\naws_secret_access_key=b\n")
    options = {"credentials_file": str(keys), "addressing_style": style}
    options |= {} if endpoint is None else {"endpoint_url": endpoint}
    client = client_of(read_s3(f"pics?{urlencode(options)}"))
    url = client.generate_presigned_url("get_object", Params={"Bucket": "pics", "Key": "key"})
    assert url.partition("?")[0] == expected


@pytest.mark.parametrize(
    "spec", ["", "dir:", "s3:", "ftp:x", "s3:b?regoin=x", "s3:b?timeout_s=soon", "s3:b?timeout_s=0"]
)
def test_a_store_that_is_misspelled_is_refused_with_the_forms(spec: str) -> None:
    with pytest.raises(PermanentStoreError, match="use dir:PATH or s3:BUCKET"):
        open_store(spec)


@pytest.mark.parametrize("text", [None, "", "no section", "[default]\nregion=x\n"])
def test_credentials_that_are_not_there_are_refused_with_the_file(
    text: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "keys.ini"
    if text is not None:
        file.write_text(text)
    with pytest.raises(PermanentStoreError, match=r"credentials file .*keys\.ini needs a section"):
        open_store(f"s3:bucket?credentials_file={file}")


def _put(root: Path, body: bytes) -> str:
    return DirectoryStore(root).put_if_absent("a/b", body, "text/plain")


def test_of_racing_processes_exactly_one_creates(tmp_path: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        outcomes = pool.starmap(_put, [(tmp_path, b"%d" % n) for n in range(24)], chunksize=1)
    assert sorted(outcomes) == ["created"] + ["exists"] * 23
    assert DirectoryStore(tmp_path).get("a/b", max_bytes=2) == b"%d" % outcomes.index("created")
    assert list((tmp_path / ".tmp").iterdir()) == []


def test_a_full_disk_is_transient_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DirectoryStore(tmp_path)

    def full(descriptor: int) -> None:  # noqa: ARG001, fsync's signature
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(TransientStoreError, match="No space left"):
            store.put_if_absent("key", b"x", "text/plain")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []
    assert store.put_if_absent("key", b"y", "text/plain") == "created"


def test_what_is_no_directory_is_no_empty_store_to_whoever_lists_it(tmp_path: Path) -> None:
    file = tmp_path / "store"
    file.write_text("no folder")
    with pytest.raises(PermanentStoreError, match=r"cannot list verdicts/ in .*: Not a directory"):
        list(open_inventory(f"dir:{file}").list("verdicts/"))
    with pytest.raises(TransientStoreError, match="No such file or directory"):
        list(open_inventory(f"dir:{tmp_path / 'gone'}").list("verdicts/"))


def test_a_key_below_another_object_is_permanent(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put_if_absent("a", b"x", "text/plain")
    with pytest.raises(PermanentStoreError):
        store.put_if_absent("a/b", b"x", "text/plain")
