"""The enrolment service over real HTTPS: what strangers send, and who keeps whom out."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cloud.enrol.service import MOST_AT_ONCE
from contract.enrolment import (
    ENROL_PATH,
    LONGEST_BODY,
    RENEW_PATH,
    EnrolmentAnswer,
    EnrolmentRequest,
)
from contract.store_access import SIGN_PATH
from edge.enrolment.client import ServiceAway, ask
from edge.enrolment.key_files import pem, request_for
from tests import authorities
from tests.enrolment_office import Office, new_key, reason
from tests.processes import HOST

VERSION_3, VERSION_8 = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07"
P256 = bytes.fromhex("2a8648ce3d030107")
P_UNKNOWN = P256[:-1] + b"\x7f"
EC_KEY = bytes.fromhex("06072a8648ce3d0201")
UNKNOWN_KEY = EC_KEY[:-1] + b"\x7f"


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


@pytest.mark.parametrize(
    "damage",
    [
        lambda der: der.replace(VERSION_3, VERSION_8),
        lambda der: der.replace(P256, P_UNKNOWN),
        lambda der: der.replace(EC_KEY, UNKNOWN_KEY),
        lambda der: der[:-1],
        lambda _: b"",
    ],
    ids=["version", "curve", "kind of key", "cut", "empty"],
)
def test_a_damaged_certificate_is_refused_on_every_path(
    office: Office, damage: Callable[[bytes], bytes]
) -> None:
    key = new_key()
    whole = office.granted("yard", key).public_bytes(Encoding.DER)
    damaged = damage(whole)
    assert damaged != whole
    certificate, request = ssl.DER_cert_to_PEM_cert(damaged), pem(request_for(key, "yard"))
    renewal = {"certificate": certificate, "request": request, "proof": "AAAA"}
    store = {"certificate": certificate, "at": f"{office.now:%FT%TZ}", "method": "GET", "key": "x"}
    first = {"token": "a.b", "request": certificate.replace("CERTIFICATE", "CERTIFICATE REQUEST")}
    for path, body in ((RENEW_PATH, renewal), (SIGN_PATH, store), (ENROL_PATH, first)):
        status, answer = post(office, json.dumps(body).encode(), path)
        assert status == 403, path
        assert json.loads(answer)["reason"] in {"malformed", "bad_request"}


def test_silent_clients_keep_nobody_out(office: Office) -> None:
    port = int(office.config.url.rpartition(":")[2])
    silent = [socket.create_connection((HOST, port)) for _ in range(MOST_AT_ONCE // 2)]
    try:
        assert isinstance(office.ask(office.token("yard"), "yard"), EnrolmentAnswer)
    finally:
        for one in silent:
            one.close()


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


def test_who_asks_how_it_is_gets_an_answer_and_who_asks_for_more_none(office: Office) -> None:
    with urllib3.PoolManager(ca_certs=str(office.config.ca_file)) as pool:
        answers = [
            pool.request("GET", f"{office.config.url}{path}") for path in ("/healthz", "/ca.key")
        ]
    assert [(one.status, json.loads(one.data).get("status")) for one in answers] == [
        (200, "ok"),
        (404, None),
    ]
