"""A store that cannot work is found before the first suspicion: a real server, and bad answers."""

from __future__ import annotations

import random
import ssl
from pathlib import Path

import pytest

from contract.ids import GatewayId
from contract.keys import TRIAL, trial_key
from edge.daemon.health_checks import unstored
from edge.deliver.store_probe import StoreProbe
from objectstore.open import open_store
from objectstore.store import ObjectStore
from tests import servers
from tests.authorities import authority, issue
from tests.fakes import ManualClock, recorded_events
from tests.integration.test_s3_answers import Answer, s3_that_answers

NORTH = GatewayId("north")
CREATED: Answer = (200, "", {"ETag": '"x"', "Connection": "close"})


def probe_of(store: ObjectStore, clock: ManualClock) -> StoreProbe:
    return StoreProbe(store, NORTH, clock, random.Random(1), lambda: 60.0)


def test_a_missing_bucket_is_said_until_it_is_there(tmp_path: Path) -> None:
    clock = ManualClock()
    missing: Answer = (404, "NoSuchBucket", {})
    exists: Answer = (412, "PreconditionFailed", {})
    with (
        s3_that_answers(tmp_path, missing, CREATED, exists) as (store, requests),
        recorded_events() as lines,
    ):
        probe = probe_of(store, clock)
        probe.step()
        (problem,) = unstored(probe)
        assert problem.reason == "store_unusable"
        assert "404 NoSuchBucket: in words" in problem.detail
        probe.step()  # not yet due
        assert len(requests) == 1
        clock.advance(120)
        probe.step()
        probe.step()
    assert list(unstored(probe)) == []
    assert len(requests) == 3
    assert [line.event for line in lines] == ["store_failed", "store_opened"]


def test_a_store_that_works_keeps_one_small_object(seaweedfs: servers.S3) -> None:
    store = open_store(seaweedfs.spec())
    for _ in range(2):
        probe = probe_of(store, ManualClock())
        probe.step()
        assert probe.trouble == ""
    assert store.get(trial_key(NORTH), 1000) == TRIAL


def test_a_wrong_key_is_said_in_the_servers_words(seaweedfs: servers.S3, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.ini"
    wrong.write_text("[default]\naws_access_key_id = nobody\naws_secret_access_key = x\n")
    spec = f"s3:{seaweedfs.bucket}?endpoint_url={seaweedfs.endpoint_url}&credentials_file={wrong}"
    probe = probe_of(open_store(spec), ManualClock())
    probe.step()
    assert "403 InvalidAccessKeyId" in probe.trouble


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([(501, "NotImplemented", {})], "it knows no conditional puts"),
        ([CREATED], "it ignores If-None-Match"),
    ],
)
def test_a_server_without_conditional_puts_is_told_with_the_key_to_set(
    tmp_path: Path, answers: list[Answer], words: str
) -> None:
    with s3_that_answers(tmp_path, *answers) as (store, _):
        probe = probe_of(store, ManualClock())
        probe.step()
        assert words in probe.trouble
        assert "conditional_puts: false" in probe.trouble


def test_an_authority_of_ones_own_is_said_and_taken_by_its_file(tmp_path: Path) -> None:
    site = authority(tmp_path, "site")
    server = issue(tmp_path, site, "store")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(str(server.cert_file), str(server.key_file))
    answers: tuple[Answer, ...] = (CREATED, (412, "PreconditionFailed", {"Connection": "close"}))
    with s3_that_answers(tmp_path, *answers, tls=tls) as (store, _):
        probe = probe_of(store, ManualClock())
        probe.step()
        assert "certificate verify failed" in probe.trouble
        assert "set `ca_file`" in probe.trouble
    with s3_that_answers(tmp_path, *answers, tls=tls, more=f"&ca_file={site}") as (store, _):
        probe = probe_of(store, ManualClock())
        probe.step()
        assert probe.trouble == ""


def test_without_conditional_puts_and_checksums_a_key_is_still_written_once(
    seaweedfs: servers.S3,
) -> None:
    spec = f"{seaweedfs.spec()}&conditional_puts=false&checksums=none&addressing_style=path"
    store, key = open_store(spec), f"evidence/north/gate/2026/03/01/{'c' * 64}.jpg"
    assert store.put_if_absent(key, b"first", "image/jpeg") == "created"
    assert store.put_if_absent(key, b"second", "image/jpeg") == "exists"
    assert store.get(key, 100) == b"first"


def test_without_credentials_their_key_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    probe = probe_of(open_store("s3:bucket?endpoint_url=http://127.0.0.1:1"), ManualClock())
    probe.step()
    assert "set `credentials_file`" in probe.trouble
