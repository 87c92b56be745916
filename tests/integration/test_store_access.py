"""A gateway without credentials at a real S3 server: what is signed for it, and what is not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3

from cloud.enrol.authority import Authority
from cloud.enrol.registrar import Registrar
from cloud.enrol.service import EnrolmentService
from cloud.enrol.store_signer import GOOD_FOR_S, StoreSigner
from contract.enrolment import EnrolmentRefusal
from contract.keys import model_key
from contract.possession import prove
from contract.store_access import SIGNED_HEADERS, StoreAddress, StoreRequest, store_statement
from edge.config.enrolment import EnrolmentConfig
from edge.enrolment.client import ask_for_address
from edge.enrolment.key_files import KeyFiles, pem, request_for
from edge.enrolment.store_access import StoreAccess
from objectstore.open import open_store, read_s3
from objectstore.s3_client import S3Settings
from objectstore.signed_elsewhere import SignedStore
from objectstore.store import NotFound, PermanentStoreError, TransientStoreError
from tests import authorities, servers
from tests.fakes import ManualClock
from tests.processes import HOST
from tests.shipped_brokers import certify

JPEG = "image/jpeg"


class Site:
    """A gateway `yard` with a certificate, and the service that signs for it."""

    def __init__(self, folder: Path, server: servers.S3) -> None:
        self.folder, self.server = folder, server
        self.authority_folder = folder / "gateways"
        certify(self.authority_folder, "authority", "gateways")
        self.authority = Authority(self.authority_folder)
        self.web = authorities.authority(folder, "web")
        self.own = authorities.issue(folder, self.web, "service")
        self.clock = ManualClock(datetime.now(UTC))
        self.files = KeyFiles(folder / "state")
        self.config = EnrolmentConfig(url="https://x")
        self.enrol("yard")

    def enrol(self, name: str) -> None:
        request = request_for(self.files.open_key(), name)
        with self.authority.locked():
            self.files.keep(self.authority.sign(name, request, 90).decode())

    @contextmanager
    def service(self, *, signing: bool = True) -> Iterator[None]:
        assert self.own.cert_file is not None
        assert self.own.key_file is not None
        signer = StoreSigner(read_s3(self.server.spec(60).partition(":")[2])) if signing else None
        registrar = Registrar(self.authority, 90.0, lambda: datetime.now(UTC), signer)
        own = self.own.cert_file, self.own.key_file
        running = EnrolmentService(registrar, HOST, 0, own)
        self.config = EnrolmentConfig(
            url=f"https://{HOST}:{running.port}", ca_file=self.web, timeout_s=30
        )
        try:
            yield
        finally:
            running.close()

    def store(self) -> SignedStore:
        access = StoreAccess(self.config, self.files, self.clock)
        return SignedStore(S3Settings(bucket="evidence"), access.sign, SIGNED_HEADERS)

    def ask(self, **changed: object) -> StoreAddress | EnrolmentRefusal:
        """A good request for an address, but for what is `changed` before it is signed."""
        certificate = self.files.open_certificate()
        assert certificate is not None
        asked = StoreRequest(
            certificate=pem(certificate),
            at=self.clock.now(),
            method="PUT",
            key="evidence/yard/gate/2026/11/28/a.jpg",
        ).model_copy(update=changed)
        proof = prove(self.files.open_key(), store_statement(asked))
        return ask_for_address(self.config, asked.model_copy(update={"proof": proof} | changed))


def reason(answer: StoreAddress | EnrolmentRefusal) -> str:
    assert isinstance(answer, EnrolmentRefusal), answer
    return answer.reason


def key(name: str, gateway: str = "yard") -> str:
    return f"evidence/{gateway}/gate/2026/11/28/{hashlib.sha256(name.encode()).hexdigest()}.jpg"


@pytest.fixture
def site(tmp_path: Path, seaweedfs: servers.S3) -> Iterator[Site]:
    made = Site(tmp_path, seaweedfs)
    with made.service():
        yield made


def test_a_gateway_without_credentials_stores_reads_and_repairs_its_own(site: Site) -> None:
    store = site.store()
    assert store.put_if_absent(key("a"), b"picture", JPEG) == "created"
    assert store.put_if_absent(key("a"), b"another", JPEG) == "exists"
    assert store.get(key("a"), 100) == b"picture"
    store.replace(key("a"), b"repaired", JPEG)
    assert open_store(site.server.spec()).get(key("a"), 100) == b"repaired"
    with pytest.raises(NotFound):
        store.get(key("none"), 100)


@pytest.mark.parametrize(
    "wanted",
    [
        key("b", "other"),
        "verdicts/yard/yard.gate.1.1.0.json",
        "evidence/yard-2/gate/x.jpg",
        "evidence/yard/../other/x.jpg",
        "evidence/yard/",
        "evidence/yard//x.jpg",
        "models/../verdicts/x",
        "updates/config/1.json",
    ],
)
def test_nothing_beyond_its_own_evidence_is_signed(site: Site, wanted: str) -> None:
    for method in ("GET", "HEAD", "PUT"):
        assert reason(site.ask(key=wanted, method=method)) == "wrong_key"


def test_a_request_that_is_not_proven_or_not_offered_is_refused(site: Site) -> None:
    assert isinstance(site.ask(), StoreAddress)
    assert reason(site.ask(proof="")) == "forged"
    assert reason(site.ask(headers={"x-amz-acl": "public-read"})) == "bad_request"
    certificate = site.files.open_certificate()
    assert certificate is not None
    stolen = KeyFiles(site.folder / "thief")
    asked = StoreRequest(certificate=pem(certificate), at=site.clock.now(), method="GET", key="x")
    proof = prove(stolen.open_key(), store_statement(asked))
    answer = ask_for_address(site.config, asked.model_copy(update={"proof": proof}))
    assert reason(answer) == "forged"
    with site.service(signing=False):
        assert reason(site.ask()) == "not_offered"
        with pytest.raises(PermanentStoreError, match="--store"):
            site.store().put_if_absent(key("c"), b"x", JPEG)


def test_the_address_is_good_for_that_very_request_alone(site: Site) -> None:
    headers = {"content-type": JPEG, "if-none-match": "*"}
    answer = site.ask(key=key("d"), headers=headers)
    assert isinstance(answer, StoreAddress)
    with urllib3.PoolManager(retries=False) as pool:
        for tampered in (
            answer.url.replace("/yard/", "/other/"),
            answer.url.replace(f"Expires={GOOD_FOR_S}", "Expires=604800"),
        ):
            assert tampered != answer.url
            assert pool.request("PUT", tampered, body=b"x", headers=headers).status == 403
        without = {"content-type": JPEG}
        assert pool.request("PUT", answer.url, body=b"x", headers=without).status == 403
        assert pool.request("DELETE", answer.url, headers=headers).status == 403
        assert pool.request("PUT", answer.url, body=b"x", headers=headers).status == 200
        assert pool.request("PUT", answer.url, body=b"y", headers=headers).status == 412


@pytest.mark.parametrize("days", [-20_000, -1, 1, 3000])
def test_a_gateway_whose_clock_is_wrong_is_served_by_the_services(site: Site, days: int) -> None:
    site.clock = ManualClock(max(datetime.now(UTC) + timedelta(days=days), EPOCH))
    assert reason(site.ask()) == "wrong_clock"
    store = site.store()
    assert store.put_if_absent(key(f"e{days}"), b"picture", JPEG) == "created"
    assert store.get(key(f"e{days}"), 100) == b"picture"


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_a_revoked_gateway_reaches_nothing_at_once(site: Site) -> None:
    store = site.store()
    store.put_if_absent(key("f"), b"picture", JPEG)
    with site.authority.locked():
        site.authority.revoke("yard")
    assert reason(site.ask()) == "revoked"
    with pytest.raises(TransientStoreError, match="revoked"):
        store.get(key("f"), 100)


def test_without_a_service_or_a_certificate_it_is_tried_again_later(
    tmp_path: Path, seaweedfs: servers.S3
) -> None:
    site = Site(tmp_path, seaweedfs)
    with site.service():
        pass
    with pytest.raises(TransientStoreError, match="refused"):
        site.store().put_if_absent(key("g"), b"x", JPEG)
    site.files.certificate.unlink()
    with pytest.raises(TransientStoreError, match="not_enrolled"):
        site.store().get(key("g"), 100)


def test_an_ordered_model_is_read_and_never_written(site: Site) -> None:
    wanted = model_key("a" * 64)
    open_store(site.server.spec()).put_if_absent(wanted, b"weights", "application/octet-stream")
    assert site.store().get(wanted, 100) == b"weights"
    assert reason(site.ask(key=wanted)) == "wrong_key"


def test_a_service_without_credentials_of_its_own_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with pytest.raises(PermanentStoreError, match="credentials_file"):
        StoreSigner(S3Settings(bucket="evidence"))
