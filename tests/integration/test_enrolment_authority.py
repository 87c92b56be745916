"""The folder from which the enrolment service and the shipped script sign, renew and revoke."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cloud.enrol.authority import Authority, AuthorityError
from contract.enrolment import (
    EnrolmentAnswer,
)
from contract.possession import is_proven, read_certificate
from edge.enrolment.key_files import pem, request_for
from tests.enrolment_office import Office, new_key, reason, verified
from tests.shipped_brokers import certify

PrivateKey = (
    rsa.RSAPrivateKey
    | dsa.DSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)


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


def test_a_revocation_that_was_interrupted_is_finished_by_the_next_try(
    office: Office, tmp_path: Path
) -> None:
    held = pem(office.granted("yard", new_key()))
    (office.folder / "ca.crl.part").mkdir()
    with pytest.raises(AuthorityError, match="cannot be written"):
        office.revoke("yard")
    assert verified(office.folder, held, tmp_path), "the broker's list does not have it yet"
    (office.folder / "ca.crl.part").rmdir()
    assert [one.name for one in office.revoke("yard")] == ["yard"]
    assert not verified(office.folder, held, tmp_path)
    assert office.revoke("yard") == []


FOREIGN: dict[str, Callable[[], PrivateKey]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "dsa": lambda: dsa.generate_private_key(2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}


@pytest.mark.parametrize("kind", sorted(FOREIGN))
def test_a_certificate_that_calls_itself_ours_is_not_by_any_other_key(
    tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "gateways"
    certify(folder, "authority", "gateways")
    authority, key = Authority(folder), FOREIGN[kind]()
    issuer = read_certificate((folder / "ca.crt").read_bytes()).subject
    for name in (issuer, x509.Name([])):
        assert authority.knows(signed_by(key, name)) is None


def signed_by(key: PrivateKey, issuer: x509.Name) -> x509.Certificate:
    """Of `key` by itself, whoever it says that signed it."""
    now = datetime.now(UTC)
    has_own_hash = isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "yard")]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, None if has_own_hash else hashes.SHA256())
    )


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_damage_of_a_certificate_makes_the_authority_raise(office: Office) -> None:
    whole = office.granted("yard", new_key())
    der, authority = whole.public_bytes(Encoding.DER), Authority(office.folder)
    assert authority.knows(whole) is not None
    unreadable = unknown = 0
    for place in range(len(der)):
        for bits in (0x01, 0x04, 0x80):
            damaged = der[:place] + bytes([der[place] ^ bits]) + der[place + 1 :]
            try:
                certificate = read_certificate(ssl.DER_cert_to_PEM_cert(damaged).encode())
            except ValueError:
                unreadable += 1
            else:
                is_proven(certificate, b"said", "AAAA")
                if authority.knows(certificate) is None:
                    unknown += 1
                else:  # a signature may be written in more than one way
                    assert certificate.tbs_certificate_bytes == whole.tbs_certificate_bytes
    assert unreadable > 100
    assert unknown > 100
