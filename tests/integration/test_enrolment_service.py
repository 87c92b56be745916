"""The enrolment service over real HTTPS, on an authority that the shipped script made."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from cloud.enrol.authority import Authority, AuthorityError, Issued
from cloud.enrol.registrar import Registrar
from cloud.enrol.service import MOST_AT_ONCE, EnrolmentService
from cloud.enrol.tokens import FILE, Tokens
from contract.enrolment import (
    ENROL_PATH,
    LONGEST_BODY,
    EnrolmentAnswer,
    EnrolmentRefusal,
    EnrolmentRequest,
    RenewalRequest,
)
from edge.config.enrolment import EnrolmentConfig
from edge.enrolment.client import ServiceAway, ask
from edge.enrolment.key_files import KeyFiles, pem, proof_of, request_for
from tests import authorities
from tests.processes import HOST
from tests.shipped_brokers import certify

HOUR = timedelta(hours=1)


@dataclass
class Office:
    """A running service, and what its operator has."""

    folder: Path
    config: EnrolmentConfig
    now: datetime

    def token(self, names: str, uses: int = 1, *, replacing: bool = False) -> str:
        tokens = Tokens(self.folder)
        return tokens.make(names, uses, self.now + HOUR, replacing=replacing)[1]

    def ask(
        self, token: str, name: str, key: ec.EllipticCurvePrivateKey | None = None
    ) -> EnrolmentAnswer | EnrolmentRefusal:
        request = request_for(key or new_key(), name)
        return ask(self.config, EnrolmentRequest(token=token, request=pem(request)))

    def granted(self, name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        answer = self.ask(self.token(name), name, key)
        assert isinstance(answer, EnrolmentAnswer), answer
        return x509.load_pem_x509_certificate(answer.certificate.encode())

    def renew(
        self,
        certificate: x509.Certificate,
        key: ec.EllipticCurvePrivateKey,
        name: str = "yard",
        signer: ec.EllipticCurvePrivateKey | None = None,
    ) -> EnrolmentAnswer | EnrolmentRefusal:
        request = request_for(key, name)
        proof = proof_of(signer or key, request)
        renewal = RenewalRequest(certificate=pem(certificate), request=pem(request), proof=proof)
        return ask(self.config, renewal)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def reason(answer: EnrolmentAnswer | EnrolmentRefusal) -> str:
    assert isinstance(answer, EnrolmentRefusal), answer
    assert answer.detail
    return answer.reason


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    folder = tmp_path / "gateways"
    certify(folder, "authority", "gateways")
    signer = authorities.authority(tmp_path, "web")
    own = authorities.issue(tmp_path, signer, "service")
    assert own.cert_file is not None
    assert own.key_file is not None
    at = Office(folder, EnrolmentConfig(url="https://x"), datetime.now(UTC))
    registrar = Registrar(Authority(folder), 90.0, lambda: at.now)
    service = EnrolmentService(registrar, HOST, 0, (own.cert_file, own.key_file))
    at.config = EnrolmentConfig(url=f"https://{HOST}:{service.port}", ca_file=signer, timeout_s=30)
    yield at
    service.close()


def test_a_token_gives_one_device_a_certificate_that_openssl_takes(
    office: Office, tmp_path: Path
) -> None:
    key, token = new_key(), office.token("yard")
    answer = office.ask(token, "yard", key)
    assert isinstance(answer, EnrolmentAnswer)
    certificate = x509.load_pem_x509_certificate(answer.certificate.encode())
    assert certificate.public_key() == key.public_key()
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "yard"
    assert answer.renew_after == office.now + timedelta(days=60)
    assert verified(office.folder, answer.certificate, tmp_path)
    assert reason(office.ask(token, "yard")) == "used_token"


def test_a_device_whose_answer_was_lost_asks_again_and_no_other_can(office: Office) -> None:
    key, token = new_key(), office.token("yard")
    office.ask(token, "yard", key)
    assert isinstance(office.ask(token, "yard", key), EnrolmentAnswer)
    assert reason(office.ask(token, "yard", new_key())) == "used_token"


def test_cards_that_were_flashed_alike_get_an_identity_each(office: Office) -> None:
    token = office.token("card-*", uses=3)
    names = ["card-1", "card-2", "card-3"]
    assert all(isinstance(office.ask(token, name), EnrolmentAnswer) for name in names)
    assert reason(office.ask(token, "card-4")) == "used_token"
    issued = Authority(office.folder).issued()
    assert sorted(one.name for one in issued) == names
    assert len({one.serial for one in issued}) == len(names)


def test_a_name_is_one_devices_unless_the_operator_replaces_it(office: Office) -> None:
    first = office.granted("yard", new_key())
    assert reason(office.ask(office.token("yard"), "yard")) == "name_taken"
    assert reason(office.ask(office.token("y*", uses=9), "yard")) == "name_taken"
    other = office.ask(office.token("yard", replacing=True), "yard")
    assert isinstance(other, EnrolmentAnswer)
    known = Authority(office.folder).knows(first)
    assert known is not None
    assert known.revoked_at is not None


def test_tokens_are_for_their_names_their_time_and_nobody_else(office: Office) -> None:
    token = office.token("yard")
    assert reason(office.ask("", "yard")) == "unknown_token"
    assert reason(office.ask(token[:-1], "yard")) == "unknown_token"
    assert reason(office.ask(token.split(".")[0] + ".x", "yard")) == "unknown_token"
    assert reason(office.ask(token, "gate")) == "wrong_name"
    office.now += HOUR
    assert reason(office.ask(token, "yard")) == "expired_token"
    assert token.split(".")[1] not in (office.folder / FILE).read_text()
    assert (office.folder / FILE).stat().st_mode & 0o077 == 0


def test_a_certificate_is_renewed_by_its_own_key_while_it_is_good(office: Office) -> None:
    key = new_key()
    first = office.granted("yard", key)
    second = office.renew(first, key)
    assert isinstance(second, EnrolmentAnswer)
    assert reason(office.renew(first, key, signer=new_key())) == "forged"
    assert reason(office.renew(first, key, name="gate")) == "wrong_name"
    with Authority(office.folder).locked():
        Authority(office.folder).revoke("yard")
    assert reason(office.renew(first, key)) == "revoked"


def test_an_ended_or_foreign_certificate_renews_nothing(office: Office, tmp_path: Path) -> None:
    key = new_key()
    held = office.granted("yard", key)
    other = tmp_path / "others"
    certify(other, "authority", "gateways")
    foreign = Authority(other).sign("yard", request_for(key, "yard"), 90)
    assert (
        reason(office.renew(x509.load_pem_x509_certificate(foreign), key)) == "foreign_certificate"
    )
    office.now += timedelta(days=91)
    assert reason(office.renew(held, key)) == "expired"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (lambda key: request_for(key, "Yard Seven"), "bad_request"),
        (lambda key: request_for(key, "../verdict"), "bad_request"),
        (lambda key: request_for(key, "yard/#"), "bad_request"),
        (lambda _: without_a_name(), "bad_request"),
        (lambda _: by_rsa(), "bad_request"),
    ],
    ids=["capitals", "dots", "wildcard", "nameless", "rsa"],
)
def test_requests_that_are_no_gateways_are_refused(
    office: Office,
    asked: Callable[[ec.EllipticCurvePrivateKey], x509.CertificateSigningRequest],
    expected: str,
) -> None:
    body = EnrolmentRequest(token=office.token("*"), request=pem(asked(new_key())))
    assert reason(ask(office.config, body)) == expected


def test_hostile_bodies_are_refused_and_the_service_goes_on(office: Office) -> None:
    good = pem(request_for(new_key(), "yard"))
    bodies = [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"token": 1, "request": 2}',
        b'{"token": "\\ud800.x", "request": "x"}',
        json.dumps({"token": "a.b", "request": "x" * 9000}).encode(),
        json.dumps({"token": "a.b", "request": good[:-60]}).encode(),
        json.dumps({"token": "a.b", "request": good + good}).encode(),
        b"[" * 20_000,
    ]
    assert [post(office, body)[0] for body in bodies] == [403] * len(bodies)
    assert post(office, b"x" * (LONGEST_BODY + 1))[0] == 413
    assert post(office, b"{}", path="/v1/other")[0] == 404
    assert isinstance(office.ask(office.token("yard"), "yard"), EnrolmentAnswer)


def test_silent_clients_keep_nobody_out(office: Office) -> None:
    port = int(office.config.url.rpartition(":")[2])
    silent = [socket.create_connection((HOST, port)) for _ in range(MOST_AT_ONCE // 2)]
    try:
        assert isinstance(office.ask(office.token("yard"), "yard"), EnrolmentAnswer)
    finally:
        for one in silent:
            one.close()


def test_many_cards_at_once_get_one_certificate_each(office: Office) -> None:
    token = office.token("card-*", uses=20)
    answers: list[EnrolmentAnswer | EnrolmentRefusal] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(office.ask(token, f"card-{n}")))
        for n in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    granted = [one for one in answers if isinstance(one, EnrolmentAnswer)]
    assert len(granted) == 20
    assert len(Authority(office.folder).issued()) == 20


def test_an_unknown_service_or_authority_is_said(office: Office, tmp_path: Path) -> None:
    stranger = authorities.authority(tmp_path, "stranger")
    with pytest.raises(ServiceAway, match="certificate verify failed"):
        ask(
            office.config.model_copy(update={"ca_file": stranger}),
            EnrolmentRequest(token="a.b", request="x"),  # noqa: S106, nobody's
        )
    (office.folder / "index.txt").write_text("V\tnonsense\n")
    with pytest.raises(ServiceAway, match="cannot sign now"):
        office.ask(office.token("yard"), "yard")


def test_the_script_and_the_service_share_one_authority(office: Office, tmp_path: Path) -> None:
    held = pem(office.granted("yard", new_key()))
    assert verified(office.folder, held, tmp_path)
    certify(office.folder, "revoke", "yard")
    assert not verified(office.folder, held, tmp_path)
    certify(office.folder, "client", "gate")
    by_script = (office.folder / "gate.crt").read_text()
    assert verified(office.folder, by_script, tmp_path)
    authority = Authority(office.folder)
    with authority.locked():
        assert [one.name for one in authority.revoke("gate")] == ["gate"]
    assert not verified(office.folder, by_script, tmp_path)
    certify(office.folder, "client", "gate")


def test_script_and_service_at_once_lose_no_certificate(office: Office) -> None:
    token = office.token("card-*", uses=30)
    cards, clients = [f"card-{n}" for n in range(30)], [f"client-{n}" for n in range(12)]

    def by_script() -> None:
        for name in clients:
            certify(office.folder, "client", name)

    script = threading.Thread(target=by_script)
    script.start()
    for name in cards:
        assert isinstance(office.ask(token, name), EnrolmentAnswer)
    script.join()
    assert sorted(one.name for one in Authority(office.folder).issued()) == sorted(cards + clients)


def test_what_is_no_authority_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="certify"):
        Authority(tmp_path)


def test_a_damaged_key_is_set_aside_and_a_new_one_made(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path)
    first = files.open_key()
    assert files.key.stat().st_mode & 0o077 == 0
    assert files.open_key().private_numbers() == first.private_numbers()
    files.key.write_bytes(b"\0" * 200)
    second = files.open_key()
    assert second.private_numbers() != first.private_numbers()
    assert KeyFiles(tmp_path).open_certificate() is None


def test_who_has_the_cards_token_takes_nobodys_place_with_a_key_that_used_it(
    office: Office,
) -> None:
    token, key = office.token("card-*", uses=3), new_key()
    assert isinstance(office.ask(token, "card-1", key), EnrolmentAnswer)
    assert isinstance(office.ask(token, "card-2"), EnrolmentAnswer)
    assert reason(office.ask(token, "card-2", key)) == "name_taken"
    assert isinstance(office.ask(token, "card-3", key), EnrolmentAnswer)
    assert reason(office.ask(token, "card-4", key)) == "used_token", "each name is a use"


def test_a_revoked_name_comes_back_by_a_token_of_its_own_only(office: Office) -> None:
    cards = office.token("card-*", uses=9)
    assert isinstance(office.ask(cards, "card-1"), EnrolmentAnswer)
    revoke(office, "card-1")
    assert reason(office.ask(cards, "card-1")) == "revoked", "a thief with a new key"
    assert reason(office.ask(office.token("*", uses=9), "card-1")) == "revoked"
    assert isinstance(office.ask(office.token("card-1"), "card-1"), EnrolmentAnswer)


def test_a_device_that_was_replaced_does_not_come_back_with_its_own_token(office: Office) -> None:
    token, key = office.token("yard"), new_key()
    assert isinstance(office.ask(token, "yard", key), EnrolmentAnswer)
    assert isinstance(office.ask(office.token("yard", replacing=True), "yard"), EnrolmentAnswer)
    assert reason(office.ask(token, "yard", key)) == "name_taken"


def test_an_enrolled_device_may_use_a_newer_token_of_its_fleet(office: Office) -> None:
    key = new_key()
    office.granted("card-1", key)
    assert isinstance(office.ask(office.token("card-*", uses=9), "card-1", key), EnrolmentAnswer)


@pytest.mark.parametrize("replacing", [False, True])
def test_a_disk_that_takes_no_certificate_uses_up_no_token(office: Office, replacing: bool) -> None:
    office.granted("yard", new_key())
    if not replacing:
        revoke(office, "yard")
    token, key, blocked = office.token("yard", replacing=replacing), new_key(), "index.txt.part"
    (office.folder / "issued").rename(office.folder / "kept")
    (office.folder / "issued").write_bytes(b"")
    with pytest.raises(ServiceAway, match="cannot sign now"):
        office.ask(token, "yard", key)
    (office.folder / "issued").unlink()
    (office.folder / "kept").rename(office.folder / "issued")
    (office.folder / blocked).mkdir()
    with pytest.raises(ServiceAway, match="cannot sign now"):
        office.ask(token, "yard", key)
    (office.folder / blocked).rmdir()
    assert isinstance(office.ask(token, "yard", key), EnrolmentAnswer)


def test_a_revocation_that_was_interrupted_is_finished_by_the_next_try(
    office: Office, tmp_path: Path
) -> None:
    held = pem(office.granted("yard", new_key()))
    (office.folder / "ca.crl.part").mkdir()
    with pytest.raises(AuthorityError, match="cannot be written"):
        revoke(office, "yard")
    assert verified(office.folder, held, tmp_path), "the broker's list does not have it yet"
    (office.folder / "ca.crl.part").rmdir()
    assert [one.name for one in revoke(office, "yard")] == ["yard"]
    assert not verified(office.folder, held, tmp_path)
    assert revoke(office, "yard") == []


def test_a_length_of_a_thousand_digits_is_answered(office: Office) -> None:
    with secured(office) as secure:
        secure.sendall(b"POST /v1/enrol HTTP/1.1\r\nContent-Length: %b\r\n\r\n" % (b"9" * 5000))
        assert b" 413 " in secure.recv(100)


def test_clients_that_send_a_byte_now_and_then_keep_nobody_out(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.enrol.service.PATIENCE_S", 2.0)
    over, slow = threading.Event(), [secured(office) for _ in range(MOST_AT_ONCE)]
    for one in slow:
        one.sendall(b"POST /v1/enrol HTTP/1.1\r\nX-Filler: ")
    dribble = threading.Thread(target=_dribble, args=(slow, over))
    dribble.start()
    try:
        assert isinstance(office.ask(office.token("yard"), "yard"), EnrolmentAnswer)
    finally:
        over.set()
        dribble.join()


def _dribble(slow: list[ssl.SSLSocket], over: threading.Event) -> None:
    """A header that never ends."""
    while not over.wait(0.3):
        for one in slow:
            with suppress(OSError):
                one.sendall(b"x")
    for one in slow:
        one.close()


def secured(office: Office) -> ssl.SSLSocket:
    assert office.config.ca_file is not None
    context = ssl.create_default_context(cafile=str(office.config.ca_file))
    plain = socket.create_connection((HOST, int(office.config.url.rpartition(":")[2])))
    return context.wrap_socket(plain, server_hostname=HOST)


def revoke(office: Office, name: str) -> list[Issued]:
    authority = Authority(office.folder)
    with authority.locked():
        return authority.revoke(name)


def without_a_name() -> x509.CertificateSigningRequest:
    key = new_key()
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(key, hashes.SHA256())
    )


def by_rsa() -> x509.CertificateSigningRequest:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "yard")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())


def post(office: Office, body: bytes, path: str = ENROL_PATH) -> tuple[int, bytes]:
    assert office.config.ca_file is not None
    with urllib3.PoolManager(ca_certs=str(office.config.ca_file)) as pool:
        answer = pool.request("POST", office.config.url + path, body=body, retries=False)
        return answer.status, answer.data


def verified(folder: Path, certificate: str, scratch: Path) -> bool:
    """What OpenSSL, and so a broker, says of a certificate and the list of the revoked."""
    file = scratch / "held.crt"
    file.write_text(certificate)
    command = ["openssl", "verify", "-CAfile", str(folder / "ca.crt"), "-crl_check"]
    command += ["-CRLfile", str(folder / "ca.crl"), "-purpose", "sslclient", str(file)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
