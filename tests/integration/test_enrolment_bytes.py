"""What strangers may post to the enrolment service, byte by byte: nothing makes it raise."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cloud.enrol.authority import Authority
from cloud.enrol.requests import (
    RequestRefused,
    check_proof,
    read_enrolment,
    read_store_request,
)
from contract.enrolment import EnrolmentRequest
from contract.store_access import StoreRequest
from edge.enrolment.key_files import request_for
from tests.enrolment_office import new_key
from tests.shipped_brokers import certify

AT = datetime(2026, 1, 2, tzinfo=UTC)
OTHERS = (0x00, 0x05, 0x30, 0x7F, 0x80, 0xFF)
"""Tags and lengths of DER that change what follows."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder: Path = tmp_path_factory.mktemp("authority")
    certify(folder, "authority", "gateways")
    return Authority(folder)


def damaged(der: bytes, signature: bytes) -> Iterator[bytes]:
    """Each byte replaced in turn by each of `OTHERS`, and by itself with one bit turned. Not
    the one before the signature: it says how many bits are unused, and changes nothing else."""
    for at, byte in enumerate(der):
        if at == der.rindex(signature) - 1:
            continue
        for other in {*OTHERS, byte ^ 1} - {byte}:
            yield der[:at] + bytes([other]) + der[at + 1 :]


def armoured(der: bytes, kind: str) -> str:
    return ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", kind)


def passed(attempt: Callable[[bytes], None], variants: Iterator[bytes]) -> list[bool]:
    """Of each variant whether it was taken; what raises anything but a refusal fails the test."""
    taken = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cryptography says what is odd about them
        for one in variants:
            try:
                attempt(one)
            except RequestRefused:
                taken.append(False)
            else:
                taken.append(True)
    return taken


def test_no_changed_byte_of_a_certificate_request_makes_it_raise() -> None:
    request = request_for(new_key(), "yard")
    whole = request.public_bytes(Encoding.DER)

    def post(der: bytes) -> None:
        body = EnrolmentRequest(token="a.b", request=armoured(der, "CERTIFICATE REQUEST"))  # noqa: S106, nobody's
        _, wanted = read_enrolment(body.model_dump_json().encode())
        assert wanted.use_sha256

    post(whole)
    assert not any(
        passed(post, damaged(whole, request.signature))
    )  # its own key signed every byte of it


def test_no_changed_byte_of_a_certificate_makes_it_raise_or_is_taken_for_ours(
    authority: Authority,
) -> None:
    with authority.locked():
        pem = authority.sign("yard", request_for(new_key(), "yard"), 30)
    ours = x509.load_pem_x509_certificate(pem)
    whole = ours.public_bytes(Encoding.DER)
    known = []

    def post(der: bytes) -> None:
        shown = armoured(der, "CERTIFICATE")
        body = StoreRequest(certificate=shown, at=AT, method="GET", key="x", proof="AAAA")
        _, certificate = read_store_request(body.model_dump_json().encode())
        known.append(authority.knows(certificate))
        check_proof(certificate, b"said", "AAAA")

    assert passed(post, iter([whole])) == [False]  # nobody proved that it is his
    assert known.pop() is not None
    assert not any(passed(post, damaged(whole, ours.signature)))
    assert known
    assert not any(known)
