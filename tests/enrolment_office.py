"""An enrolment service for tests, with what its operator and its gateways do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.enrol.authority import Authority
from cloud.enrol.index import Issued
from cloud.enrol.registrar import Registrar
from cloud.enrol.service import EnrolmentService
from cloud.enrol.tokens import Tokens
from contract.enrolment import (
    EnrolmentAnswer,
    EnrolmentRefusal,
    EnrolmentRequest,
    RenewalRequest,
)
from edge.config.enrolment import EnrolmentConfig
from edge.enrolment.client import ask
from edge.enrolment.key_files import pem, proof_of, request_for
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

    def revoke(self, name: str) -> list[Issued]:
        authority = Authority(self.folder)
        with authority.locked():
            return authority.revoke(name)

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


@contextmanager
def open_office(tmp_path: Path) -> Iterator[Office]:
    """An authority that the shipped script made, and the service over HTTPS."""
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
    try:
        yield at
    finally:
        service.close()


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def reason(answer: EnrolmentAnswer | EnrolmentRefusal) -> str:
    assert isinstance(answer, EnrolmentRefusal), answer
    assert answer.detail
    return answer.reason


def verified(folder: Path, certificate: str, scratch: Path) -> bool:
    """What OpenSSL, and so a broker, says of a certificate and the list of the revoked."""
    file = scratch / "held.crt"
    file.write_text(certificate)
    command = ["openssl", "verify", "-CAfile", str(folder / "ca.crt"), "-crl_check"]
    command += ["-CRLfile", str(folder / "ca.crl"), "-purpose", "sslclient", str(file)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
